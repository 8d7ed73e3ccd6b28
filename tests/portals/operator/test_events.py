"""The events of the operator's parks: the list, its filters, the file, and the latest of a vehicle."""

from __future__ import annotations

import csv
import io

import pytest

from tests.core.events.records import detect
from tests.portals.page import check_fragment, check_page

URL = "/operator/events"


@pytest.fixture
def some(database, fleet, at):
    """One that goes on, one that is over, one taken back, and one of a vehicle out of sight."""
    detect(database, at, fleet.vehicle_id, "overspeed", 9, ended_at=at, value=21.4, lat=37.76, lon=-122.42)
    detect(database, at, fleet.vehicle_id, "idling", 30, ended_at=None)
    detect(database, at, fleet.vehicle_id, "fuel_drop", 60, value=31.0, withdrawn_at=at)
    detect(database, at, fleet.other_vehicle_id, "towing", 1, ended_at=None)


class TestTheList:
    def test_says_what_happened_in_words_with_value_and_unit(self, operator, fleet, some):
        page = operator.get(URL).text
        check_page(page)
        assert "Drove faster than the limit." in page and "21\u00a0km/h over the limit at its worst" in page
        assert f'href="/operator/vehicles/{fleet.vehicle_id}">Car 1</a>' in page
        assert "Still going on" in page
        assert "Moved with the ignition off" not in page

    def test_shows_what_was_taken_back_only_when_asked(self, operator, some):
        assert "Fuel went" not in operator.get(URL).text
        page = operator.get(f"{URL}?withdrawn=1").text
        assert "event-withdrawn" in page and "Taken back" in page

    def test_keeps_its_filters_in_the_url_and_sends_only_the_list_to_htmx(self, operator, fleet, some):
        headers = {"HX-Request": "true", "HX-Target": "section#events"}
        fragment = operator.get(f"{URL}?kind=idling&vehicle={fleet.vehicle_id}&open=1", headers=headers).text
        check_fragment(fragment)
        assert "Stood with the engine running" in fragment and "Drove faster" not in fragment

    def test_counts_the_kinds_of_one_vehicle(self, operator, fleet, some):
        assert "event-kinds" not in operator.get(URL).text
        page = operator.get(f"{URL}?vehicle={fleet.vehicle_id}&kind=idling").text
        check_page(page)
        assert "Overspeed <b>1</b>" in page and "Idling <b>1</b>" in page and "Fuel drop <b>" not in page

    def test_of_a_day_holds_what_began_on_it(self, operator, some):
        assert "No event matches" in operator.get(f"{URL}?day=2020-01-01").text
        answer = operator.get(f"{URL}?day=tomorrow")
        assert answer.status_code == 422 and "tomorrow is not a day" in answer.text

    def test_goes_on_over_pages(self, operator, database, fleet, at):
        for n in range(101):
            detect(database, at, fleet.vehicle_id, "dtc", n, subject=f"P{n:04}")
        page = operator.get(URL).text
        assert "P0000" in page and "P0100" not in page
        cursor = page.split("cursor=")[1].split('"')[0].replace("%3D", "=")
        assert "P0100" in operator.get(URL, query_string={"cursor": cursor}).text

    def test_says_when_there_is_nothing(self, operator, fleet):
        assert "Nothing detected yet" in operator.get(URL).text
        assert "No event matches" in operator.get(f"{URL}?vehicle={fleet.other_vehicle_id}").text


class TestTheFile:
    def test_holds_the_same_with_units_and_nothing_a_spreadsheet_would_run(self, operator, database, fleet, at, some):
        detect(database, at, fleet.vehicle_id, "driver_change", 2, subject="=1+1")
        answer = operator.get(f"{URL}.csv?vehicle={fleet.vehicle_id}")
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        assert answer.mimetype == "text/csv"
        assert [line["event"] for line in lines] == ["Driver change", "Overspeed", "Idling"]
        assert (lines[1]["value"], lines[1]["unit"], lines[2]["ended_utc"]) == ("21.4", "km/h", "")
        assert not any(cell.startswith("=") for line in lines for cell in line.values())


class TestTheVehiclesPage:
    def test_shows_its_latest_events(self, operator, fleet, some):
        page = operator.get(f"/operator/vehicles/{fleet.vehicle_id}").text
        check_page(page)
        assert "Timeline" in page and "Stood with the engine running." in page
        assert f'href="{URL}?vehicle={fleet.vehicle_id}"' in page
