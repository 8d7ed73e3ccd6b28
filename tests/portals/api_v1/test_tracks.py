"""The way of a vehicle, and the states of the fleet, by API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from core.db import Database, driver
from tests.conftest import Fleet
from tests.portals.history import at_noon, keep_drive, keep_points
from tests.portals.reports import report

Api = Callable[..., FlaskClient]
HOUR = timedelta(hours=1)


def track_url(vehicle_id: int, since: datetime, until: datetime, more: str = "") -> str:
    def said(moment: datetime) -> str:
        return moment.isoformat().replace("+00:00", "Z")

    return f"/api/v1/telemetry/{vehicle_id}/track?from={said(since)}&to={said(until)}{more}"


class TestATrack:
    def test_has_every_point_of_the_range_in_columns_of_one_length(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 100)
        answer = api("telemetry:read").get(track_url(fleet.vehicle_id, noon, noon + timedelta(seconds=250)))
        assert answer.status_code == 200
        track = answer.json
        assert track["count"] == track["read_count"] == 50
        assert track["next_from"] is None
        columns = track["columns"]
        assert list(columns) == ["ts_ms", "lat", "lon", "altitude_m", "speed_kmh", "course_deg", "ignition"]
        assert {len(values) for values in columns.values()} == {50}
        assert columns["ts_ms"][:2] == [int(noon.timestamp() * 1000), int(noon.timestamp() * 1000) + 5000]
        assert (columns["speed_kmh"][0], columns["ignition"][0]) == (36.5, True)

    def test_gives_the_fields_that_are_asked_for_and_null_for_what_was_not_reported(
        self, api: Api, fleet: Fleet, database, at
    ) -> None:
        noon = at_noon(at)
        keep_points(database, fleet.vehicle_id, [{"ts": noon, "fuel_pct": 12.5, "dtc": ["P0300"]}])
        url = track_url(fleet.vehicle_id, noon, noon + HOUR, "&fields=fuel_pct,dtc,lat")
        columns = api("telemetry:read").get(url).json["columns"]
        ms = int(noon.timestamp() * 1000)
        assert columns == {"ts_ms": [ms], "fuel_pct": [12.5], "dtc": [["P0300"]], "lat": [None]}

    def test_goes_on_where_it_was_cut(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 25)
        client, times, since = api("telemetry:read"), [], noon.isoformat().replace("+00:00", "Z")
        until = noon + HOUR
        for _ in range(3):
            answer = client.get(track_url(fleet.vehicle_id, datetime.fromisoformat(since), until, "&most=10"))
            times += answer.json["columns"]["ts_ms"]
            since = answer.json["next_from"]
        assert since is None
        assert len(times) == len(set(times)) == 25

    def test_is_empty_in_a_range_without_points(self, api: Api, fleet: Fleet, at) -> None:
        track = api("telemetry:read").get(track_url(fleet.vehicle_id, at - HOUR, at)).json
        assert track["count"] == 0
        assert set(map(tuple, track["columns"].values())) == {()}
        simplified = api("telemetry:read").get(track_url(fleet.vehicle_id, at - HOUR, at, "&tolerance_m=5")).json
        assert simplified["columns"] == track["columns"]

    def test_has_as_few_points_as_the_line_needs_when_a_tolerance_is_given(
        self, api: Api, fleet: Fleet, database, at
    ) -> None:
        noon = at_noon(at)
        straight = [
            {"ts": noon + timedelta(seconds=n), "lat": 37.7, "lon": -122.4 + n * 1e-4, "speed_kmh": 50.0 + n % 5}
            for n in range(200)
        ]
        keep_points(database, fleet.vehicle_id, [*straight, {"ts": noon + timedelta(seconds=200), "speed_kmh": 1.0}])
        url = track_url(fleet.vehicle_id, noon, noon + HOUR, "&tolerance_m=5&fields=lon")
        track = api("telemetry:read").get(url).json
        assert (track["read_count"], track["count"]) == (201, 3)
        assert list(track["columns"]) == ["ts_ms", "lon"]
        assert track["columns"]["lon"][::2] == [straight[0]["lon"], straight[-1]["lon"]]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("", "from"),
            ("from=2026-11-24T00:00:00Z", "to"),
            ("from=2026-11-24T00:00:00&to=2026-11-25T00:00:00Z", "from"),
            ("from=2026-11-24&to=2026-11-25T00:00:00Z", "from"),
            ("from=2026-11-24T00:00:00+00:00&to=2026-11-25T00:00:00Z", "from"),
            ("from=yesterday&to=2026-11-25T00:00:00Z", "from"),
            ("from=2026-11-25T00:00:00Z&to=2026-11-24T00:00:00Z", "to"),
            ("from=2026-09-01T00:00:00Z&to=2026-11-24T00:00:00Z", "to"),
            ("from=2026-11-24T00:00:00Z&to=9999-12-31T23:59:59-12:00", "to"),
            ("from=2026-11-24T00:00:00Z&to=2026-11-24T01:00:00Z&tolerance_m=wide", "tolerance_m"),
            ("from=2026-11-24T00:00:00Z&to=2026-11-24T01:00:00Z&tolerance_m=-1", "tolerance_m"),
            ("from=2026-11-24T00:00:00Z&to=2026-11-24T01:00:00Z&tolerance_m=nan", "tolerance_m"),
            ("from=2026-11-24T00:00:00Z&to=2026-11-24T01:00:00Z&most=50001", "most"),
            ("from=2026-11-24T00:00:00Z&to=2026-11-24T01:00:00Z&fields=lat,speed_mph", "fields"),
            ("from=2026-11-24T00:00:00Z&to=2026-11-24T01:00:00Z&fields=vehicle_id", "fields"),
        ],
    )
    def test_says_which_parameter_is_wrong(self, api: Api, fleet: Fleet, query: str, field: str) -> None:
        answer = api("telemetry:read").get(f"/api/v1/telemetry/{fleet.vehicle_id}/track?{query}")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json["errors"]] == [field]

    def test_is_nowhere_for_a_client_of_another_park(self, api: Api, fleet: Fleet, at) -> None:
        client = api("telemetry:read", park_ids=[fleet.other_park_id])
        assert client.get(track_url(fleet.vehicle_id, at - HOUR, at)).status_code == 404
        assert api("vehicles:read").get(track_url(fleet.vehicle_id, at - HOUR, at)).status_code == 403


class TestTheStates:
    def test_are_those_of_the_vehicles_in_sight_a_page_at_a_time(
        self, api: Api, fleet: Fleet, database: Database, at: datetime
    ) -> None:
        for vehicle_id in (fleet.vehicle_id, fleet.other_vehicle_id):
            report(database, vehicle_id, at=at, speed_kmh=30.0 + vehicle_id)
        client = api("telemetry:read")
        first = client.get("/api/v1/telemetry/states?limit=1").json
        second = client.get(f"/api/v1/telemetry/states?limit=1&cursor={first['next_cursor']}").json
        assert [s["speed_kmh"] for s in (*first["items"], *second["items"])] == [31.0, 32.0]
        mine = api("telemetry:read", park_ids=[fleet.other_park_id]).get("/api/v1/telemetry/states").json["items"]
        assert [state["vehicle_id"] for state in mine] == [fleet.other_vehicle_id]

    def test_can_be_cut_to_what_was_heard_after_a_moment(
        self, api: Api, fleet: Fleet, database: Database, at: datetime
    ) -> None:
        report(database, fleet.vehicle_id, at=at - timedelta(minutes=2), speed_kmh=1.0)
        report(database, fleet.other_vehicle_id, at=at, speed_kmh=2.0)
        since = (at - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
        items = api("telemetry:read").get(f"/api/v1/telemetry/states?changed_since={since}").json["items"]
        assert [state["vehicle_id"] for state in items] == [fleet.other_vehicle_id]


class TestTheLastPoints:
    def test_are_found_without_looking_at_older_days(self, api: Api, fleet: Fleet, database, at) -> None:
        """Ten points of a vehicle with a week of history: one index is read backward, and the rest is not touched."""
        for days_ago in range(7):
            keep_drive(database, fleet.vehicle_id, at_noon(at, days_ago + 1), 20)
        with database.reading() as reader:
            rows = driver(reader).execute(
                "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT ts, lat FROM telemetry_points "
                "WHERE vehicle_id = %s ORDER BY ts DESC LIMIT 10",
                (fleet.vehicle_id,),
            )
            plan = "\n".join(row[0] for row in rows)
        assert "Sort" not in plan
        assert plan.count("never executed") >= 6
