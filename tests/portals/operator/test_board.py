"""The board and its feed."""

from __future__ import annotations

import orjson

from tests.portals.page import check_page


class TestBoard:
    def test_is_a_sound_page(self, operator):
        check_page(operator.get("/operator/").text)

    def test_feed_shows_only_the_parks_in_sight(self, operator, fleet):
        message = orjson.loads(operator.get("/operator/live.json").data)[0]

        assert message["type"] == "snapshot"
        assert [vehicle["vehicle_id"] for vehicle in message["vehicles"]] == [fleet.vehicle_id]

    def test_feed_goes_on_from_where_a_browser_was(self, operator):
        place = orjson.loads(operator.get("/operator/live.json").data)[0]

        messages = operator.get(f"/operator/live.json?epoch={place['epoch']}&offset={place['offset']}")

        assert [message["type"] for message in orjson.loads(messages.data)] == ["delta"]


class TestGate:
    def test_turns_a_driver_away(self, sign_in):
        answer = sign_in("driver").get("/operator/")

        assert answer.status_code == 404

    def test_sends_a_stranger_to_sign_in(self, client):
        answer = client.get("/operator/vehicles?q=car")

        assert answer.status_code == 302
        assert answer.location.endswith("next=/operator/vehicles?q%3Dcar")
