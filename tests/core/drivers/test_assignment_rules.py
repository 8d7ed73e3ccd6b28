"""Which changes an assignment allows, and what the clock of a park says across changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.drivers.models import AssignmentKind
from core.drivers.rules.assignments import (
    AssignmentState,
    Change,
    find_change_problem,
    find_time_problem,
    name_state,
    name_terms,
)
from core.drivers.rules.local_times import exists, list_days, place_shift, to_moment

ZONES = st.sampled_from(
    ["America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "America/St_Johns"]
).map(ZoneInfo)
LOCAL = st.datetimes(
    min_value=datetime.fromisoformat("2020-01-01"), max_value=datetime.fromisoformat("2030-01-01")
).map(lambda moment: moment.replace(second=0, microsecond=0))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TestAnAssignment:
    @given(st.integers(-50, 50), st.one_of(st.none(), st.integers(1, 50)), st.integers(-120, 120))
    def test_is_planned_then_begun_then_ended_and_never_goes_back(
        self, start: int, length: int | None, later: int
    ) -> None:
        starts_at = NOON + start * HOUR
        ends_at = None if length is None else starts_at + length * HOUR
        order = [AssignmentState.PLANNED, AssignmentState.BEGUN, AssignmentState.ENDED]

        def place(at: datetime) -> int:
            return order.index(name_state(starts_at=starts_at, ends_at=ends_at, is_cancelled=False, at=at))

        assert place(NOON) <= place(NOON + abs(later) * HOUR)
        assert place(starts_at) == 1
        assert ends_at is None or place(ends_at) == 2

    @pytest.mark.parametrize("change", Change)
    def test_is_never_changed_once_it_has_ended_or_was_cancelled(self, change: Change) -> None:
        for state in (AssignmentState.ENDED, AssignmentState.CANCELLED):
            assert "Make a new assignment" in str(find_change_problem(state, change))

    def test_that_has_begun_can_only_end(self) -> None:
        allowed = [change for change in Change if find_change_problem(AssignmentState.BEGUN, change) is None]
        assert allowed == [Change.END]

    def test_that_lies_ahead_can_be_moved_and_cancelled(self) -> None:
        allowed = [change for change in Change if find_change_problem(AssignmentState.PLANNED, change) is None]
        assert allowed == [Change.MOVE, Change.CANCEL]

    def test_of_a_shift_lasts_a_day_at_most(self) -> None:
        assert find_time_problem(AssignmentKind.SHIFT, NOON, NOON + 24 * HOUR) is None
        assert "24 hours" in str(find_time_problem(AssignmentKind.SHIFT, NOON, NOON + 25 * HOUR))
        assert find_time_problem(AssignmentKind.RENTAL, NOON, NOON + 25 * HOUR) is None

    def test_is_a_long_rental_from_thirty_days_on(self) -> None:
        assert name_terms(AssignmentKind.RENTAL, NOON, NOON + 29 * 24 * HOUR) == "Short rental"
        assert name_terms(AssignmentKind.RENTAL, NOON, NOON + 30 * 24 * HOUR) == "Long rental"
        assert name_terms(AssignmentKind.RENTAL, NOON, None) == "Long rental"


class TestTheClockOfAPark:
    @given(LOCAL, ZONES)
    def test_shows_what_was_meant_wherever_that_exists(self, local: datetime, zone: ZoneInfo) -> None:
        shown = to_moment(local, zone).astimezone(zone).replace(tzinfo=None)
        assert shown == local if exists(local, zone) else shown > local

    @given(LOCAL, ZONES, st.integers(1, 10_000))
    def test_never_puts_earlier_what_is_later(self, local: datetime, zone: ZoneInfo, minutes: int) -> None:
        assert to_moment(local, zone) <= to_moment(local + timedelta(minutes=minutes), zone)

    def test_begins_after_the_gap_what_was_to_begin_in_it(self) -> None:
        zone = ZoneInfo("America/Los_Angeles")
        assert to_moment(datetime.fromisoformat("2026-03-08T02:30"), zone) == datetime(2026, 3, 8, 10, 0, tzinfo=UTC)

    def test_means_the_first_of_two_hours(self) -> None:
        zone = ZoneInfo("America/Los_Angeles")
        assert to_moment(datetime.fromisoformat("2026-11-01T01:30"), zone) == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


class TestAWeeklyPattern:
    def test_ends_on_the_next_day_when_its_end_is_not_after_its_start(self) -> None:
        zone = ZoneInfo("Europe/Berlin")
        starts_at, ends_at = place_shift(date(2026, 11, 24), starts=time(22), ends=time(6), zone=zone)
        assert (starts_at, ends_at) == (
            datetime(2026, 11, 24, 21, tzinfo=UTC),
            datetime(2026, 11, 25, 5, tzinfo=UTC),
        )

    def test_is_an_hour_longer_in_the_night_in_which_an_hour_comes_twice(self) -> None:
        zone = ZoneInfo("Europe/Berlin")
        starts_at, ends_at = place_shift(date(2026, 10, 24), starts=time(22), ends=time(6), zone=zone)
        assert ends_at - starts_at == 9 * HOUR

    @given(ZONES, st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.times().map(lambda t: t.replace(second=0)))
    def test_lets_the_next_shift_begin_when_the_last_one_ends(self, zone: ZoneInfo, day: date, change: time) -> None:
        before = change.replace(microsecond=0)
        other = (datetime.combine(day, before) + timedelta(hours=12)).time()
        first = place_shift(day, starts=before, ends=other, zone=zone)
        following = day if other > before else day + timedelta(days=1)
        second = place_shift(following, starts=other, ends=before, zone=zone)
        assert first[1] == second[0]

    @given(
        st.sets(st.integers(1, 7), min_size=1),
        st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        st.integers(0, 60),
    )
    def test_has_just_the_days_it_names(self, weekdays: set[int], first: date, length: int) -> None:
        last = first + timedelta(days=length)
        days = list(
            list_days(
                weekdays=weekdays, first_day=first, last_day=last, since=first - timedelta(days=9), until=date.max
            )
        )
        expected = [first + timedelta(days=n) for n in range(length + 1)]
        assert days == [day for day in expected if day.isoweekday() in weekdays]
