"""Shifts that come back each week: made ahead, once, with exceptions, and tried again when something was in the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.db import Database
from core.drivers import queries, service
from core.drivers.models import DayOutcome
from core.drivers.schemas.assignments import NewShiftPattern
from core.errors import Conflict, Invalid
from tasks.assignments import make_ahead
from tests.conftest import ROOT, Fleet
from tests.core.drivers.test_assignments import Plan

ZONE = ZoneInfo("America/Los_Angeles")
DAY = timedelta(days=1)


class Weekly:
    """A plan, and a pattern of every day from 8 to 16 o'clock that begins tomorrow."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.today = plan.at.astimezone(ZONE).date()

    def add(self, *, weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7), last_day: date | None = None) -> int:
        new = NewShiftPattern(
            vehicle_id=self.plan.vehicles[0],
            driver_id=self.plan.drivers[0],
            weekdays=list(weekdays),
            starts=time(8),
            ends=time(16),
            first_day=self.today + DAY,
            last_day=last_day,
        )
        made = self.plan.do(service.add_shift_pattern, new=new)
        assert isinstance(made, int)
        return made

    def shifts(self) -> list[queries.AssignmentRecord]:
        with self.plan.database.reading() as reader:
            return queries.list_assignments(reader, viewer=ROOT, vehicle_ids=[self.plan.vehicles[0]])

    def days(self, pattern_id: int) -> dict[date, DayOutcome]:
        with self.plan.database.reading() as reader:
            found = queries.list_shift_days(reader, viewer=ROOT, pattern_id=pattern_id, since=self.today)
        return {day.day: day.outcome for day in found}


@pytest.fixture
def weekly(database: Database, fleet: Fleet) -> Weekly:
    """A park in which nobody has anything yet."""
    return Weekly(Plan(database, fleet, datetime.now(UTC).replace(microsecond=0)))


class TestAPattern:
    def test_makes_its_shifts_of_the_next_two_weeks_by_the_clock_of_the_park(self, weekly: Weekly) -> None:
        weekly.add()
        shifts = weekly.shifts()
        assert [shift.starts_at.astimezone(ZONE).date() for shift in shifts] == [
            weekly.today + n * DAY for n in range(1, 15)
        ]
        assert {shift.starts_at.astimezone(ZONE).time() for shift in shifts} == {time(8)}

    def test_makes_none_twice_and_goes_on_as_days_pass(self, weekly: Weekly) -> None:
        weekly.add()
        assert make_ahead(weekly.plan.database, at=weekly.plan.at) == 0
        assert make_ahead(weekly.plan.database, at=weekly.plan.at + 3 * DAY) == 3

    def test_stops_at_its_last_day(self, weekly: Weekly) -> None:
        weekly.add(last_day=weekly.today + 4 * DAY)
        assert len(weekly.shifts()) == 4

    def test_notes_what_was_in_the_way_and_tries_again(self, weekly: Weekly) -> None:
        plan = weekly.plan
        other = plan.make(0, 1, 0, 47)
        pattern = weekly.add()
        days = weekly.days(pattern)
        refused = [day for day, outcome in days.items() if outcome is DayOutcome.REFUSED]
        assert refused
        assert len(weekly.shifts()) == 1 + 14 - len(refused)
        plan.do(service.hand_back, assignment_id=other, later=0.5)
        assert make_ahead(plan.database, at=plan.at + timedelta(hours=1)) == len(refused)
        assert set(weekly.days(pattern).values()) == {DayOutcome.MADE}

    def test_has_exceptions_that_stay_free(self, weekly: Weekly) -> None:
        pattern, day = weekly.add(), weekly.today + 3 * DAY
        weekly.plan.do(service.skip_shift_day, pattern_id=pattern, day=day)
        assert len(weekly.shifts()) == 13
        assert make_ahead(weekly.plan.database, at=weekly.plan.at) == 0
        assert weekly.days(pattern)[day] is DayOutcome.SKIPPED

    def test_refuses_an_exception_for_a_day_without_a_shift(self, weekly: Weekly) -> None:
        pattern = weekly.add(last_day=weekly.today + 2 * DAY)
        with pytest.raises(Invalid):
            weekly.plan.do(service.skip_shift_day, pattern_id=pattern, day=weekly.today + 5 * DAY)

    def test_does_not_make_again_what_the_office_cancelled(self, weekly: Weekly) -> None:
        weekly.add()
        weekly.plan.do(service.cancel_assignment, assignment_id=weekly.shifts()[4].id)
        assert make_ahead(weekly.plan.database, at=weekly.plan.at) == 0

    def test_takes_back_what_lies_ahead_when_it_ends(self, weekly: Weekly) -> None:
        pattern = weekly.add()
        later = 24 * 3 + 0.0
        cancelled = weekly.plan.do(service.end_shift_pattern, pattern_id=pattern, later=later)
        assert len(weekly.shifts()) == 14 - int(str(cancelled))
        assert make_ahead(weekly.plan.database, at=weekly.plan.at + 5 * DAY) == 0
        with pytest.raises(Conflict, match="has ended"):
            weekly.plan.do(service.end_shift_pattern, pattern_id=pattern)
