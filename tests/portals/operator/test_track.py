"""The page of a track as the server sends it: its list, its window of time, its files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portals.operator import track
from tests.portals.history import at_noon, keep_detection, keep_drive, keep_stop, keep_trip
from tests.portals.page import check_page
from tests.portals.reports import report

PARK = ZoneInfo("America/Los_Angeles")
HOUR = timedelta(hours=1)


def day_of(moment: datetime) -> str:
    return moment.astimezone(PARK).date().isoformat()


class TestThePageOfATrack:
    def test_lists_trips_and_stops_in_the_order_of_time_by_the_clock_of_the_park(
        self, operator, fleet, database, at
    ) -> None:
        start = datetime.combine(at_noon(at).date(), datetime.min.time(), PARK).replace(hour=9)
        keep_trip(database, fleet.vehicle_id, start, start + HOUR)
        keep_stop(database, fleet.vehicle_id, start + HOUR, start + 2 * HOUR)
        keep_trip(database, fleet.vehicle_id, start + 2 * HOUR, None)
        page = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/track?day={start:%Y-%m-%d}")
        assert page.status_code == 200
        check_page(page.text)
        places = [page.text.index(words) for words in ("09:00 – 10:00", "10:00 – 11:00", "11:00 and still")]
        assert places == sorted(places)
        assert "5.0\u00a0km, 36\u00a0km/h moving" in page.text
        assert "America/Los_Angeles" in page.text

    def test_lists_what_was_detected_too(self, operator, fleet, database, at) -> None:
        noon = at_noon(at)
        keep_detection(database, fleet.vehicle_id, "speeding", noon, value=12.0)
        page = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/track?day={day_of(noon)}")
        check_page(page.text)
        assert 'data-kind="event"' in page.text

    def test_opens_on_the_day_of_the_last_report(self, operator, fleet, database, at) -> None:
        report(database, fleet.vehicle_id, at=at - timedelta(days=2), speed_kmh=3.0)
        page = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/track")
        assert f'value="{day_of(at - timedelta(days=2))}"' in page.text

    def test_of_a_vehicle_that_never_reported_says_so(self, operator, fleet) -> None:
        page = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/track")
        check_page(page.text)
        assert "This vehicle has never reported." in page.text

    def test_shows_the_whole_day_and_says_why_when_the_times_are_the_wrong_way_round(self, operator, fleet) -> None:
        page = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/track?day=2026-11-01&from=10:00&to=09:00")
        check_page(page.text)
        assert "is not later than" in page.text
        start, end = datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)
        assert f'data-from="{int(start.timestamp() * 1000)}"' in page.text
        assert f'data-to="{int(end.timestamp() * 1000)}"' in page.text

    @pytest.mark.parametrize("query", ["day=yesterday", "day=2026-13-01", "day=2026-11-01&from=late", "day=9999-12-31"])
    def test_refuses_what_is_no_day_or_time_in_words(self, operator, fleet, query) -> None:
        for page in ("track", "track.json", "track/file"):
            answer = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/{page}?{query}&file=track.csv")
            assert answer.status_code == 422, page

    def test_is_nowhere_for_people_of_another_park(self, operator, fleet) -> None:
        for page in ("track", "track.json", "track/file?file=track.csv"):
            assert operator.get(f"/operator/vehicles/{fleet.other_vehicle_id}/{page}").status_code == 404, page

    def test_is_led_to_from_the_record_and_from_the_board(self, operator, fleet) -> None:
        address = f'href="/operator/vehicles/{fleet.vehicle_id}/track"'
        assert address in operator.get(f"/operator/vehicles/{fleet.vehicle_id}").text
        panel = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/panel", headers={"HX-Request": "true"})
        assert address in panel.text


class TestThePointsOfThePage:
    def test_are_those_of_the_window_in_columns(self, operator, fleet, database, at) -> None:
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 20, every_s=60)
        clock = f"{(noon + timedelta(minutes=5)).astimezone(PARK):%H:%M}"
        url = f"/operator/vehicles/{fleet.vehicle_id}/track.json?day={day_of(noon)}&from={clock}"
        answer = operator.get(url).json
        assert (answer["count"], answer["rest"]) == (15, None)
        assert answer["columns"]["ts_ms"][0] == int((noon + timedelta(minutes=5)).timestamp() * 1000)

    def test_say_where_the_rest_is_when_they_are_too_many(self, operator, fleet, database, at, monkeypatch) -> None:
        monkeypatch.setattr(track, "MOST_POINTS", 10)
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 20, every_s=60)
        answer = operator.get(f"/operator/vehicles/{fleet.vehicle_id}/track.json?day={day_of(noon)}").json
        assert answer["count"] == 10
        following = operator.get(answer["rest"])
        assert following.status_code == 200
        clock = f"{(noon + timedelta(minutes=10)).astimezone(PARK):%H:%M}"
        assert f'name="from" type="time" value="{clock}"' in following.text


class TestTheFilesOfThePage:
    def test_are_of_the_same_window(self, operator, fleet, database, at) -> None:
        noon = at_noon(at)
        keep_drive(database, fleet.vehicle_id, noon, 3)
        url = f"/operator/vehicles/{fleet.vehicle_id}/track/file?day={day_of(noon)}&file="
        assert len(operator.get(f"{url}track.csv").text.splitlines()) == 4
        assert operator.get(f"{url}track.gpx").text.count("<trkpt") == 3
        assert operator.get(f"{url}trips.csv").text.startswith("started_utc,")
        assert operator.get(f"{url}stops.csv").mimetype == "text/csv"
        assert operator.get(f"{url}passwords.csv").status_code == 404
