"""What the API does not take, and how it says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Fleet
from tests.portals.api_v1.keys import new_key

Api = Callable[..., FlaskClient]
VEHICLES = "/api/v1/vehicles"


def refused(answer, status: int, field: str | None = None) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    if field is not None:
        assert [error["field"] for error in answer.json["errors"]] == [field]


class TestParameters:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("limits=5", "limits"),
            ("limit=5&limit=5", "limit"),
            ("limit=", "limit"),
            ("limit=0", "limit"),
            ("limit=+5", "limit"),
            ("limit=5.0", "limit"),
            ("limit=99999999999999999999999", "limit"),
            ("limit=%D9%A3", "limit"),
            ("cursor=nonsense", "cursor"),
            ("cursor=%00", "cursor"),
            ("cursor=" + "x" * 501, "cursor"),
        ],
    )
    def test_are_refused_by_name_unless_they_have_their_one_form(self, api: Api, query: str, field: str) -> None:
        refused(api("vehicles:read").get(f"{VEHICLES}?{query}"), 422, field)

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("open=1", "open"),
            ("open=True", "open"),
            ("vehicle_id=1x", "vehicle_id"),
            ("vehicle_id=9223372036854775808", "vehicle_id"),
            ("kind=flying", "kind"),
            ("from=2026-11-24", "from"),
            ("from=2026-11-24T08:00:00", "from"),
            ("from=2026-11-24T08:00:00%2B18:49", "from"),
            ("from=0001-01-01T00:00:00%2B10:00", "from"),
        ],
    )
    def test_say_true_or_false_a_kind_that_there_is_and_a_moment_with_its_offset(
        self, api: Api, query: str, field: str
    ) -> None:
        refused(api("events:read").get(f"/api/v1/events?{query}"), 422, field)

    def test_name_a_day_of_the_park_or_a_range_but_not_both(self, api: Api, fleet: Fleet) -> None:
        client, trips = api("telemetry:read"), f"/api/v1/telemetry/{fleet.vehicle_id}/trips"
        assert client.get(f"{trips}?date=2026-11-24").status_code == 200
        refused(client.get(f"{trips}?date=2026-11-24&from=2026-11-24T00:00:00Z"), 422, "date")
        refused(client.get(f"{trips}?date=2026-11-31"), 422, "date")
        refused(client.get(trips), 422, "from")

    def test_are_told_to_be_missing(self, api: Api) -> None:
        refused(api("telemetry:read").get("/api/v1/telemetry/periods?date=2026-11-24"), 422, "width")


class TestADayOfThePark:
    def test_is_from_its_midnight_to_the_next(self, api: Api, fleet: Fleet) -> None:
        track = api("telemetry:read").get(f"/api/v1/telemetry/{fleet.vehicle_id}/track?date=2026-11-01").json
        # In Los Angeles the clocks are set back on this day: it is 25 hours long.
        assert (track["from"], track["to"]) == ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z")


class TestAnId:
    @pytest.mark.parametrize("text", ["99999999999999999999999", "-1", "1.5", "x", "%D9%A3", "1%00"])
    def test_that_can_be_none_is_not_found(self, api: Api, text: str) -> None:
        refused(api("vehicles:read").get(f"{VEHICLES}/{text}"), 404)


class TestABody:
    @pytest.mark.parametrize(
        ("body", "status", "field"),
        [
            (b"", 400, None),
            (b"[]", 422, "body"),
            (b'{"name": NaN}', 400, None),
            (b'{"name": "a", "name": "b"}', 400, None),
            (b'{"name": "a\\u0000b"}', 422, "name"),
            (b'{"name": "\\ud800"}', 400, None),
            (b'{"name": "\xff"}', 400, None),
            (b'{"name": 5}', 422, "name"),
            (b'{"name": "a", "park_id": true}', 422, "park_id"),
            (b'{"name": "a", "park_id": "1"}', 422, "park_id"),
            (b'{"name": "a", "park_id": 99999999999999999999999999}', 422, "park_id"),
            (b'{"name": "a", "colour": "red"}', 422, "colour"),
            (b'{"name": "a", "geometry": ' + b'{"a":' * 100_000, 400, None),
        ],
    )
    def test_is_one_unambiguous_json_document_that_fits(
        self, api: Api, body: bytes, status: int, field: str | None
    ) -> None:
        client = api("events:manage_geofences")
        answer = client.post("/api/v1/geofences", data=body, content_type="application/json", headers=new_key())
        refused(answer, status, field)

    def test_is_told_as_json(self, api: Api) -> None:
        client = api("events:manage_geofences")
        refused(client.post("/api/v1/geofences", data={"name": "a"}, headers=new_key()), 415)

    @pytest.mark.parametrize("ts", ["2026-11-24T08:00:00+18:49", "0001-01-01T00:00:00+14:00"])
    def test_with_a_moment_that_no_database_keeps_costs_that_point_alone(self, api: Api, fleet: Fleet, ts: str) -> None:
        client = api("telemetry:ingest")
        points = [{"vehicle_id": fleet.vehicle_id, "ts": ts}, {"vehicle_id": fleet.vehicle_id, "ts": "2026-11-24"}]
        report = client.post("/api/v1/telemetry", json={"points": points}).json
        assert [refusal["rule"] for refusal in report["refused"]] == ["malformed", "malformed"]


class TestAnAnswer:
    @pytest.mark.parametrize("accepted", ["text/html", "application/xml", "application/json;q=0"])
    def test_is_refused_to_who_takes_no_json(self, api: Api, accepted: str) -> None:
        refused(api("vehicles:read").get(VEHICLES, headers={"Accept": accepted}), 406)

    @pytest.mark.parametrize("accepted", ["*/*", "application/*", "application/json", "text/html, */*;q=0.1"])
    def test_is_given_to_who_does(self, api: Api, accepted: str) -> None:
        assert api("vehicles:read").get(VEHICLES, headers={"Accept": accepted}).status_code == 200


class TestAMethod:
    def test_that_an_address_does_not_take_is_told_which_it_takes(self, api: Api) -> None:
        answer = api("vehicles:read").put(VEHICLES)
        refused(answer, 405)
        assert {"GET", "HEAD", "OPTIONS"} == set(answer.headers["Allow"].split(", "))

    def test_head_answers_as_get_without_a_body(self, api: Api) -> None:
        client = api("vehicles:read")
        got, looked = client.get(VEHICLES), client.head(VEHICLES)
        assert (looked.status_code, looked.data) == (200, b"")
        assert looked.headers["ETag"] == got.headers["ETag"]

    def test_with_a_slash_at_the_end_is_another_address(self, api: Api) -> None:
        refused(api("vehicles:read").get(f"{VEHICLES}/"), 404)
