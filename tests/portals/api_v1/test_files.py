"""Telemetry as files: CSV that spreadsheets read safely, GPX that maps read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from xml.etree import ElementTree

from flask.testing import FlaskClient

from portals.telemetry_files import pieces
from tests.conftest import Fleet
from tests.portals.api_v1.test_trips import said, url
from tests.portals.history import at_noon, keep_drive, keep_period, keep_points, keep_stop, keep_trip

Api = Callable[..., FlaskClient]
HOUR = timedelta(hours=1)
GPX = "{http://www.topografix.com/GPX/1/1}"
GARMIN = "{http://www.garmin.com/xmlschemas/TrackPointExtension/v2}"


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


class TestATrackAsCsv:
    def test_has_every_point_its_time_in_utc_and_by_the_clock_of_the_park(self, api: Api, fleet, database, at) -> None:
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 3)
        answer = api("telemetry:read").get(url(fleet.vehicle_id, "track.csv", noon, noon + HOUR))
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert re.search(
            r'filename="car-1_track_\d{8}T120000Z_\d{8}T130000Z.csv"', answer.headers["Content-Disposition"]
        )
        rows = read_csv(answer.text)
        assert len(rows) == 3
        assert rows[0]["time_utc"] == noon.strftime("%Y-%m-%dT12:00:00.000Z")
        assert re.fullmatch(r"\S+T0[45]:00:00.000-0[78]:00", rows[0]["time_park"])
        assert (rows[0]["lon"], rows[0]["speed_kmh"], rows[0]["ignition"], rows[0]["rpm"]) == (
            "-122.45",
            "36.5",
            "true",
            "",
        )

    def test_never_holds_what_a_spreadsheet_would_reckon_with(self, api: Api, fleet, database, at) -> None:
        noon = at_noon(at)
        keys = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", 'quo"ted, and more']
        keep_points(
            database,
            fleet.vehicle_id,
            [{"ts": noon + timedelta(seconds=n), "driver_key": key, "lat": -1.5} for n, key in enumerate(keys)],
        )
        rows = read_csv(api("telemetry:read").get(url(fleet.vehicle_id, "track.csv", noon, noon + HOUR)).text)
        assert [row["driver_key"] for row in rows] == [*(f"'{key}" for key in keys[:5]), keys[5]]
        assert rows[0]["lat"] == "-1.5"

    def test_of_many_points_is_read_in_pieces_without_gap_or_repeat(
        self, api: Api, fleet, database, at, monkeypatch
    ) -> None:
        monkeypatch.setattr(pieces, "POINTS_AT_ONCE", 10)
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 40)
        answer = api("telemetry:read").get(url(fleet.vehicle_id, "track.csv", noon, noon + HOUR), buffered=False)
        assert answer.is_streamed
        times = [row["time_utc"] for row in read_csv(answer.text)]
        assert len(times) == len(set(times)) == 40
        assert times == sorted(times)


class TestATrackAsGpx:
    def test_has_places_heights_times_and_speeds_and_breaks_where_nothing_was_heard(
        self, api: Api, fleet, database, at
    ) -> None:
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 3)
        keep_points(database, fleet.vehicle_id, [{"ts": noon + timedelta(minutes=1), "speed_kmh": 1.0}])
        keep_drive(database, fleet.vehicle_id, noon + timedelta(minutes=20), 2)
        answer = api("telemetry:read").get(url(fleet.vehicle_id, "track.gpx", noon, noon + HOUR))
        assert answer.mimetype == "application/gpx+xml"
        gpx = ElementTree.fromstring(answer.data)  # noqa: S314 - our own answer
        assert gpx.get("version") == "1.1"
        segments = gpx.findall(f"{GPX}trk/{GPX}trkseg")
        assert [len(segment) for segment in segments] == [3, 2]
        point = segments[0][0]
        assert (point.get("lat"), point.get("lon")) == ("37.75", "-122.45")
        assert [child.tag for child in point] == [f"{GPX}ele", f"{GPX}time", f"{GPX}extensions"]
        assert point.findtext(f"{GPX}time") == noon.strftime("%Y-%m-%dT12:00:00.000Z")
        assert point.findtext(f"{GPX}extensions/{GARMIN}TrackPointExtension/{GARMIN}speed") == "10.139"


class TestOtherSheets:
    def test_are_of_trips_stops_and_periods(self, api: Api, fleet: Fleet, database, at) -> None:
        noon = at_noon(at)
        keep_trip(database, fleet.vehicle_id, noon, noon + HOUR, withdrawn_at=noon + HOUR)
        keep_stop(database, fleet.vehicle_id, noon, None)
        keep_period(database, "telemetry_hours", fleet.vehicle_id, noon)
        client = api("telemetry:read")

        def rows(what: str, more: str = "") -> list[dict[str, str]]:
            return read_csv(client.get(url(fleet.vehicle_id, what, noon, noon + HOUR, more)).text)

        assert rows("trips.csv") == []
        assert rows("trips.csv", "&withdrawn=true")[0]["mean_speed_kmh"] == "36.0"
        assert rows("stops.csv")[0]["ended_utc"] == ""
        (hour,) = rows("periods.csv", "&width=1h")
        assert hour["end_utc"] == said(noon + HOUR).replace("Z", ".000Z")
        assert hour["distance_m"] == "10000.0"
