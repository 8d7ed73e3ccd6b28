"""The timetable: what it shows, and what can be done on it without scripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from core.drivers import queries
from core.drivers.models import Driver, Stage
from tests.conftest import ROOT
from tests.core.drivers.test_assignments import HOUR, Plan
from tests.portals.page import check_fragment, check_page

URL = "/operator/timetable"
ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def plan(database, fleet):
    return Plan(database, fleet, datetime.now(UTC).replace(microsecond=0))


def local(moment):
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def typed(plan, vehicle=0, driver=0, start=24, end=32):
    return {
        "vehicle_id": plan.vehicles[vehicle],
        "driver_id": plan.drivers[driver],
        "kind": "shift",
        "starts_at": local(plan.at + start * HOUR),
        "ends_at": local(plan.at + end * HOUR),
    }


class TestTheTimetable:
    def test_shows_whose_which_vehicle_is(self, operator, plan):
        made = plan.make(0, 0, -1, 1)
        for view in ("day", "week", "month"):
            page = operator.get(f"{URL}?view={view}").text
            check_page(page)
            assert f'href="{URL}/assignments/{made}"' in page
            assert "<b>Person 0</b>" in page and '<span class="visually-hidden">WVWZZZ1JZXW000001, ' in page

    def test_is_of_the_week_that_was_asked_for(self, operator, plan):
        made = plan.make(0, 0, 24 * 15, 24 * 15 + 8)
        assert f"assignments/{made}" not in operator.get(URL).text
        day = (plan.at + 15 * 24 * HOUR).astimezone(ZONE).date()
        assert f"assignments/{made}" in operator.get(f"{URL}?from={day}").text

    def test_sends_a_script_only_itself(self, operator, plan):
        answer = operator.get(URL, headers={"HX-Request": "true", "HX-Target": "section#timetable"})
        check_fragment(answer.text)

    def test_counts_the_hours_of_a_day_on_which_the_clocks_change(self, operator, plan):
        page = operator.get(f"{URL}?view=day&from=2026-11-01").text
        since, until = (int(re.search(rf'data-{name}="(\d+)"', page).group(1)) for name in ("since", "until"))
        assert until - since == 25 * 3_600_000

    def test_has_no_block_of_another_park(self, operator, plan, fleet):
        assert f"/operator/vehicles/{fleet.other_vehicle_id}" not in operator.get(URL).text

    def test_marks_what_is_planned_for_who_may_not_drive(self, operator, plan):
        plan.make(0, 0, -1, 1)
        assert "may not drive" not in operator.get(URL).text.partition("tt-legend")[0]
        plan.suspend(0)
        assert "The driver is suspended and may not drive." in operator.get(URL).text

    def test_of_whoever_plans_nothing_has_no_forms(self, sign_in, plan, database, fleet):
        page = sign_in("dispatcher").get(f"{URL}/new").text
        check_page(page)
        assert "Choose a driver" in page


class TestPlanning:
    def test_makes_an_assignment_in_the_time_of_the_park(self, operator, plan):
        answer = operator.post(f"{URL}/new", data=typed(plan))
        assert answer.status_code == 303
        with plan.database.reading() as reader:
            (made,) = queries.list_assignments(reader, viewer=ROOT, vehicle_ids=[plan.vehicles[0]])
        assert made.starts_at == (plan.at + 24 * HOUR).replace(second=0)
        assert "Planned: WVWZZZ1JZXW000001" in operator.get(answer.location).text

    def test_offers_active_drivers_alone(self, operator, plan):
        with plan.database.transaction() as session:
            session.execute(sa.update(Driver).where(Driver.id == plan.drivers[2]).values(stage=Stage.LEFT))
        page = operator.get(f"{URL}/new?vehicle_id={plan.vehicles[0]}").text
        assert "Person 1" in page and "Person 2" not in page

    def test_says_by_name_what_is_in_the_way_and_keeps_what_was_typed(self, operator, plan):
        plan.make(0, 1, 25, 30)
        answer = operator.post(f"{URL}/new", data=typed(plan))
        check_page(answer.text)
        assert answer.status_code == 409
        assert "Person 1 has WVWZZZ1JZXW000001" in answer.text
        assert f'value="{typed(plan)["starts_at"]}"' in answer.text

    def test_says_beside_the_field_what_is_wrong(self, operator, plan):
        for wrong, words in (
            ({"driver_id": ""}, "Choose a driver."),
            ({"starts_at": "soon"}, "Enter a date and a time."),
            ({"starts_at": "2027-03-14T02:30", "ends_at": "2027-03-14T08:00"}, "this hour does not exist"),
            ({"ends_at": "2020-01-01T00:00"}, "It must end after it starts."),
        ):
            answer = operator.post(f"{URL}/new", data={**typed(plan), **wrong})
            check_page(answer.text)
            assert (answer.status_code, words in answer.text) == (422, True)


class TestAnAssignment:
    def test_is_changed_cancelled_and_keeps_its_history(self, operator, plan):
        made = plan.make(0, 0, 24, 32)
        here = f"{URL}/assignments/{made}"
        check_page(operator.get(here).text)
        answer = operator.post(here, data={**typed(plan, end=34), "version": "1"})
        assert answer.status_code == 303
        assert operator.post(f"{here}/cancel", data={"reason": "driver_absent"}).status_code == 303
        page = operator.get(here).text
        check_page(page)
        assert "<b>Cancelled</b>" in page and "the driver did not come" in page

    def test_is_not_changed_by_whoever_read_another_version(self, operator, plan):
        made = plan.make(0, 0, 24, 32)
        here = f"{URL}/assignments/{made}"
        operator.post(here, data={**typed(plan, end=34), "version": "1"})
        answer = operator.post(here, data={**typed(plan, end=36), "version": "1"})
        check_page(answer.text)
        assert answer.status_code == 412

    def test_that_runs_is_extended_and_returned(self, operator, plan):
        made = plan.make(0, 0, -1, 4)
        here = f"{URL}/assignments/{made}"
        page = operator.get(here).text
        assert 'name="starts_at" value' in page
        answer = operator.post(here, data={**typed(plan, start=-1, end=6), "version": "1"})
        assert answer.status_code == 303, answer.text
        assert operator.post(f"{here}/return").status_code == 303
        assert "ended" in operator.get(here).text

    def test_exchanges_its_vehicle(self, operator, plan):
        first, second = plan.make(0, 0, 24, 32), plan.make(1, 1, 24, 32)
        page = operator.get(f"{URL}/assignments/{first}").text
        assert f'<option value="{second}">Person 1' in page
        assert operator.post(f"{URL}/assignments/{first}/swap", data={"second_id": second}).status_code == 303
        assert plan.get(first).vehicle_id == plan.vehicles[1]


class TestMovingByScript:
    def test_answers_in_words(self, operator, plan):
        made = plan.make(0, 0, 24, 32)
        url = f"{URL}/assignments/{made}/times"
        body = {"ends_at": (plan.at + 33 * HOUR).isoformat()}
        answer = operator.post(url, json=body, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json["version"]) == (200, 2)
        assert operator.post(url, json=body, headers={"If-Match": '"1"'}).status_code == 412

    def test_names_who_is_in_the_way(self, operator, plan):
        made = plan.make(0, 0, 24, 32)
        plan.make(1, 1, 24, 32)
        url = f"{URL}/assignments/{made}/times"
        answer = operator.post(url, json={"vehicle_id": plan.vehicles[1]})
        assert answer.status_code == 409
        assert "Person 1 has WVWZZZ1JZXW000002" in answer.json["text"]


class TestWeeklyShifts:
    def test_are_added_left_out_and_ended(self, operator, plan):
        tomorrow = (plan.at + timedelta(days=1)).astimezone(ZONE).date()
        new = {
            "vehicle_id": plan.vehicles[0],
            "driver_id": plan.drivers[0],
            "starts": "08:00",
            "ends": "16:00",
            "first_day": tomorrow.isoformat(),
            **{f"weekday.{n}": "1" for n in range(1, 8)},
        }
        assert operator.post(f"{URL}/weekly", data=new).status_code == 303
        page = operator.get(f"{URL}/weekly").text
        check_page(page)
        assert "Person 0 with WVWZZZ1JZXW000001" in page
        day = {"day": (tomorrow + timedelta(days=2)).isoformat()}
        assert operator.post(f"{URL}/weekly/1/skip", data=day).status_code == 303
        assert "No shift on" in operator.get(f"{URL}/weekly").text
        assert operator.post(f"{URL}/weekly/1/end").status_code == 303
        assert "No weekly shifts" in operator.get(f"{URL}/weekly").text

    def test_need_a_day(self, operator, plan):
        new = {"vehicle_id": 1, "driver_id": 1, "starts": "08:00", "ends": "16:00", "first_day": "2199-01-01"}
        answer = operator.post(f"{URL}/weekly", data=new)
        check_page(answer.text)
        assert (answer.status_code, "Choose at least one day." in answer.text) == (422, True)
