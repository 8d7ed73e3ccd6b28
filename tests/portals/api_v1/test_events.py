"""What was detected, by HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.events.records import detect

URL = "/api/v1/events"


@pytest.fixture
def client(api):
    return api("events:read")


class TestTheEvents:
    def test_say_what_happened_in_words_and_with_the_unit(self, client, database, fleet, at):
        detect(database, at, fleet.vehicle_id, "overspeed", 3, ended_at=None, value=21.5, lat=37.7, lon=-122.4)
        (event,) = client.get(URL).json["items"]
        assert (event["title"], event["value"], event["unit"]) == ("Overspeed", 21.5, "km/h")
        assert (event["vehicle_id"], event["ended_at"], event["severity"]) == (fleet.vehicle_id, None, "warn")

    def test_come_page_by_page(self, client, database, fleet, at):
        for n in range(5):
            detect(database, at, fleet.vehicle_id, "dtc", n, subject=f"P030{n}")
        codes, cursor = [], ""
        while cursor is not None:
            page = client.get(URL, query_string={"limit": 2, "cursor": cursor}).json
            codes += [event["subject"] for event in page["items"]]
            cursor = page["next_cursor"]
        assert codes == ["P0300", "P0301", "P0302", "P0303", "P0304"]

    def test_are_cut_by_vehicle_kind_and_time(self, client, database, fleet, at):
        detect(database, at, fleet.vehicle_id, "silence", 90)
        detect(database, at, fleet.vehicle_id, "idling", 5)
        detect(database, at, fleet.other_vehicle_id, "idling", 4)
        asked = {
            "vehicle_id": fleet.vehicle_id,
            "kind": "idling",
            "from": (at - timedelta(hours=1)).isoformat(),
            "to": at.isoformat(),
        }
        assert len(client.get(URL, query_string=asked).json["items"]) == 1

    def test_asked_for_wrongly_say_which_field(self, client):
        for asked in ("kind=nonsense", "vehicle_id=x", "from=yesterday", "to=2026-01-01T00:00:00", "cursor=abc"):
            answer = client.get(f"{URL}?{asked}")
            assert answer.status_code == 422, asked
            assert answer.json["errors"][0]["field"] == asked.partition("=")[0]

    def test_of_a_vehicle_out_of_sight_are_not_found(self, api, fleet):
        stranger = api("events:read", park_ids=[fleet.other_park_id])
        assert stranger.get(f"{URL}?vehicle_id={fleet.vehicle_id}").status_code == 404

    def test_need_the_scope(self, api):
        assert api("access:read").get(URL).status_code == 403
