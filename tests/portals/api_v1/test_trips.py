"""Trips, stops and periods by API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.conftest import Fleet
from tests.portals.history import at_noon, keep_period, keep_stop, keep_trip

Api = Callable[..., FlaskClient]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def said(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def url(vehicle_id: int, what: str, since: datetime, until: datetime, more: str = "") -> str:
    return f"/api/v1/telemetry/{vehicle_id}/{what}?from={said(since)}&to={said(until)}{more}"


class TestTrips:
    def test_are_those_that_touch_the_range_with_their_mean_speed(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        for start, end in ((-3, -2), (-1, 1), (2, 3), (4, None), (7, 8)):
            keep_trip(database, fleet.vehicle_id, noon + start * HOUR, None if end is None else noon + end * HOUR)
        trips = api("telemetry:read").get(url(fleet.vehicle_id, "trips", noon, noon + 6 * HOUR)).json["items"]
        assert [trip["started_at"] for trip in trips] == [said(noon + n * HOUR) for n in (-1, 2, 4)]
        assert trips[2]["ended_at"] is None
        assert {trip["mean_speed_kmh"] for trip in trips} == {36.0}

    def test_have_no_mean_speed_when_nothing_moved(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        keep_trip(database, fleet.vehicle_id, noon, noon + HOUR, moving_s=0.0)
        (trip,) = api("telemetry:read").get(url(fleet.vehicle_id, "trips", noon, noon + HOUR)).json["items"]
        assert trip["mean_speed_kmh"] is None

    def test_that_were_taken_back_come_only_when_asked_for(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        keep_trip(database, fleet.vehicle_id, noon, noon + HOUR, withdrawn_at=noon + 2 * HOUR)
        keep_trip(database, fleet.vehicle_id, noon + MINUTE, noon + HOUR, changed_at=noon + 3 * HOUR)
        client = api("telemetry:read")
        (known,) = client.get(url(fleet.vehicle_id, "trips", noon, noon + HOUR)).json["items"]
        assert (known["changed_at"], known["withdrawn_at"]) == (said(noon + 3 * HOUR), None)
        both = client.get(url(fleet.vehicle_id, "trips", noon, noon + HOUR, "&withdrawn=true")).json["items"]
        assert [trip["withdrawn_at"] for trip in both] == [said(noon + 2 * HOUR), None]
        assert client.get(url(fleet.vehicle_id, "trips", noon, noon + HOUR, "&withdrawn=1")).status_code == 422

    def test_come_in_pages(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        for n in range(5):
            keep_trip(database, fleet.vehicle_id, noon + n * HOUR, noon + n * HOUR + MINUTE)
        client, cursor, seen = api("telemetry:read"), "", []
        while cursor is not None:
            page = client.get(url(fleet.vehicle_id, "trips", noon, noon + 9 * HOUR, f"&limit=2&cursor={cursor}")).json
            seen += [trip["started_at"] for trip in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [said(noon + n * HOUR) for n in range(5)]


class TestStops:
    def test_are_those_that_touch_the_range(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        keep_stop(database, fleet.vehicle_id, noon - 9 * HOUR, noon - 8 * HOUR)
        keep_stop(database, fleet.vehicle_id, noon - 2 * HOUR, None)
        (stop,) = api("telemetry:read").get(url(fleet.vehicle_id, "stops", noon, noon + HOUR)).json["items"]
        assert (stop["lat"], stop["ended_at"], stop["withdrawn_at"]) == (37.75, None, None)

    def test_are_nowhere_for_a_client_of_another_park(self, api: Api, fleet: Fleet, at) -> None:
        client = api("telemetry:read", park_ids=[fleet.other_park_id])
        for what in ("trips", "stops", "periods", "trips.csv", "stops.csv", "periods.csv", "track.csv", "track.gpx"):
            width = "&width=1h" if what.startswith("periods") else ""
            assert client.get(url(fleet.vehicle_id, what, at - HOUR, at, width)).status_code == 404, what


class TestPeriods:
    def test_of_a_vehicle_begin_in_the_range_and_say_when_they_end(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        for n in range(-1, 3):
            keep_period(database, "telemetry_quarters", fleet.vehicle_id, noon + n * 15 * MINUTE)
        answer = api("telemetry:read").get(url(fleet.vehicle_id, "periods", noon, noon + 30 * MINUTE, "&width=15m"))
        assert [p["start"] for p in answer.json["items"]] == [said(noon), said(noon + 15 * MINUTE)]
        assert [p["end"] for p in answer.json["items"]] == [said(noon + 15 * MINUTE), said(noon + 30 * MINUTE)]
        assert answer.json["items"][0]["mean_speed_kmh"] == 36.0

    def test_of_a_day_end_with_the_midnight_of_the_park(self, api: Api, fleet: Fleet, database) -> None:
        """On the first of November 2026 Californian clocks are turned back: that day is 25 hours long."""
        start = datetime(2026, 11, 1, 7, tzinfo=UTC)
        keep_period(database, "telemetry_days", fleet.vehicle_id, start)
        asked = url(fleet.vehicle_id, "periods", start, start + HOUR, "&width=1d")
        (day,) = api("telemetry:read").get(asked).json["items"]
        assert (day["start"], day["end"]) == ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z")

    def test_of_the_fleet_are_the_days_of_its_parks(self, api: Api, fleet: Fleet, database) -> None:
        for vehicle_id in (fleet.vehicle_id, fleet.other_vehicle_id):
            for day in (1, 2, 3):
                keep_period(database, "telemetry_days", vehicle_id, datetime(2026, 10, day, 7, tzinfo=UTC))
        asked = "/api/v1/telemetry/periods?width=1d&date=2026-10-02"
        days = api("telemetry:read").get(asked).json["items"]
        assert [(day["vehicle_id"], day["start"]) for day in days] == [
            (fleet.vehicle_id, "2026-10-02T07:00:00Z"),
            (fleet.other_vehicle_id, "2026-10-02T07:00:00Z"),
        ]
        mine = api("telemetry:read", park_ids=[fleet.other_park_id]).get(asked).json["items"]
        assert [day["vehicle_id"] for day in mine] == [fleet.other_vehicle_id]
        first = api("telemetry:read").get(f"{asked}&limit=1").json
        after = api("telemetry:read").get(f"{asked}&limit=1&cursor={first['next_cursor']}").json
        assert after["items"] == days[1:]

    @pytest.mark.parametrize(
        ("query", "field"),
        [("width=1d", "date"), ("width=1h&date=2026-10-02", "width"), ("width=1d&date=2026-10-02T00:00Z", "date")],
    )
    def test_of_the_fleet_say_which_parameter_is_wrong(self, api: Api, query: str, field: str) -> None:
        answer = api("telemetry:read").get(f"/api/v1/telemetry/periods?{query}")
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
