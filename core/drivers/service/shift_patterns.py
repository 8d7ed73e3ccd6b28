"""Shifts that come back each week: the patterns, their exceptions, and making the shifts ahead."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import audit, outbox
from core.db import Writer
from core.drivers.models import (
    Assignment,
    AssignmentKind,
    ChangeReason,
    DayOutcome,
    ShiftDay,
    ShiftPattern,
)
from core.drivers.rules.local_times import list_days, place_shift
from core.drivers.schemas.assignments import Booking, NewShiftPattern
from core.drivers.service.assignment_making import make_assignment
from core.drivers.service.assignment_places import get_driver, get_vehicle
from core.drivers.service.assignments import cancel_assignment
from core.errors import Conflict, Invalid, NotFound, check_version
from core.permissions import Actor, needs

# So far ahead shifts are made: two weeks can be planned around, and a change of the pattern touches few.
AHEAD = timedelta(days=14)


@needs("drivers:assign")
def add_shift_pattern(session: Writer, *, actor: Actor, at: datetime, new: NewShiftPattern) -> int:
    """Add a weekly pattern and make its shifts of the next 14 days; returns the id.

    A shift that cannot be made is noted with its day, and tried again until the day has passed.
    """
    driver = get_driver(session, actor=actor, driver_id=new.driver_id)
    get_vehicle(session, actor=actor, vehicle_id=new.vehicle_id)
    if new.last_day is not None and new.last_day < new.first_day:
        raise Invalid("The pattern was not added.", fields={"last_day": "It is before the first day."})
    pattern = ShiftPattern(
        park_id=driver.park_id,
        vehicle_id=new.vehicle_id,
        driver_id=new.driver_id,
        weekdays=sorted(set(new.weekdays)),
        starts=new.starts,
        ends=new.ends,
        first_day=new.first_day,
        last_day=new.last_day,
        created_at=at,
        created_by_kind=actor.kind,
        created_by_id=actor.id,
    )
    session.add(pattern)
    session.flush()
    _record(session, "drivers.shift_pattern_added", pattern, actor=actor, at=at)
    make_shifts(session, actor=actor, at=at, pattern_id=pattern.id)
    return pattern.id


@needs("drivers:assign")
def end_shift_pattern(
    session: Writer, *, actor: Actor, at: datetime, pattern_id: int, versions: Collection[int] | None = None
) -> int:
    """End a pattern: its shifts that have not begun are cancelled; returns how many. Conflict when it has ended."""
    pattern = _get_pattern(session, actor=actor, pattern_id=pattern_id)
    check_version(pattern.version, versions)
    pattern.ended_at = at
    pattern.version += 1
    ahead = session.scalars(
        sa.select(Assignment.id).where(
            Assignment.pattern_id == pattern_id,
            Assignment.cancelled_at.is_(None),
            sa.func.lower(Assignment.during) > at,
        )
    ).all()
    for assignment_id in ahead:
        cancel_assignment(session, actor=actor, at=at, assignment_id=assignment_id, reason=ChangeReason.PLAN_CHANGED)
    _record(session, "drivers.shift_pattern_ended", pattern, actor=actor, at=at, cancelled=len(ahead))
    return len(ahead)


@needs("drivers:assign")
def skip_shift_day(session: Writer, *, actor: Actor, at: datetime, pattern_id: int, day: date) -> None:
    """Make an exception: no shift on this day of the pattern. One that was made is cancelled, if it has not begun."""
    pattern = _get_pattern(session, actor=actor, pattern_id=pattern_id)
    if day not in set(_days(pattern, since=day, until=day)):
        raise Invalid("Nothing was skipped.", fields={"day": "The pattern has no shift on that day."})
    made = session.scalar(
        sa.select(Assignment.id).where(
            Assignment.pattern_id == pattern_id, Assignment.pattern_day == day, Assignment.cancelled_at.is_(None)
        )
    )
    if made is not None:
        cancel_assignment(session, actor=actor, at=at, assignment_id=made, reason=ChangeReason.PLAN_CHANGED)
    _note_day(session, pattern, day, DayOutcome.SKIPPED, at=at)
    _record(session, "drivers.shift_day_skipped", pattern, actor=actor, at=at, day=day.isoformat())


@needs("drivers:assign")
def make_shifts(session: Writer, *, actor: Actor, at: datetime, pattern_id: int) -> int:
    """Make the shifts of a pattern for the next 14 days that are not there yet; returns how many were made.

    Done twice it makes none twice. Those that are refused (a barred driver, a vehicle that is taken) are noted, told
    once as `drivers.shift_refused`, and tried again.
    """
    pattern = _get_pattern(session, actor=actor, pattern_id=pattern_id)
    zone = ZoneInfo(get_vehicle(session, actor=actor, vehicle_id=pattern.vehicle_id).time_zone)
    today = at.astimezone(zone).date()
    known = {
        day.day: day
        for day in session.scalars(sa.select(ShiftDay).where(ShiftDay.pattern_id == pattern_id, ShiftDay.day >= today))
    }
    made = 0
    for day in _days(pattern, since=today, until=today + AHEAD):
        starts_at, ends_at = place_shift(day, starts=pattern.starts, ends=pattern.ends, zone=zone)
        is_settled = day in known and known[day].outcome is not DayOutcome.REFUSED
        if not is_settled and starts_at >= at:
            made += _make_shift(session, pattern, day, (starts_at, ends_at), actor=actor, at=at)
    return made


def _make_shift(
    session: Writer,
    pattern: ShiftPattern,
    day: date,
    times: tuple[datetime, datetime],
    *,
    actor: Actor,
    at: datetime,
) -> bool:
    booking = Booking(
        driver_id=pattern.driver_id,
        vehicle_id=pattern.vehicle_id,
        kind=AssignmentKind.SHIFT,
        starts_at=times[0],
        ends_at=times[1],
    )
    try:
        with session.begin_nested():
            make_assignment(session, actor=actor, at=at, booking=booking, pattern=(pattern.id, day))
    except Conflict as refusal:
        was = session.get(ShiftDay, (pattern.id, day))
        if was is None:
            outbox.publish(
                session,
                "drivers.shift_refused",
                at=at,
                pattern_id=pattern.id,
                vehicle_id=pattern.vehicle_id,
                driver_id=pattern.driver_id,
            )
        _note_day(session, pattern, day, DayOutcome.REFUSED, at=at, refusal=refusal)
        return False
    _note_day(session, pattern, day, DayOutcome.MADE, at=at)
    return True


def _days(pattern: ShiftPattern, *, since: date, until: date) -> list[date]:
    days = list_days(
        weekdays=pattern.weekdays, first_day=pattern.first_day, last_day=pattern.last_day, since=since, until=until
    )
    return list(days)


def _note_day(
    session: Writer,
    pattern: ShiftPattern,
    day: date,
    outcome: DayOutcome,
    *,
    at: datetime,
    refusal: Conflict | None = None,
) -> None:
    note = session.get(ShiftDay, (pattern.id, day)) or ShiftDay(pattern_id=pattern.id, day=day)
    facts = refusal.facts if refusal else {}
    note.outcome, note.at = outcome, at
    note.problem = str(facts.get("problem", "refused")) if refusal else None
    note.in_the_way_id = facts.get("assignment_id")
    session.add(note)
    session.flush()


def _get_pattern(session: Writer, *, actor: Actor, pattern_id: int) -> ShiftPattern:
    pattern = session.get(ShiftPattern, pattern_id, with_for_update=True)
    if pattern is None or not actor.sees_park(pattern.park_id):
        raise NotFound(f"There is no shift pattern {pattern_id}.")
    actor.require("drivers:assign", park_id=pattern.park_id)
    if pattern.ended_at is not None:
        raise Conflict("This pattern has ended. Add a new one instead.", pattern_id=pattern_id)
    return pattern


def _record(
    session: Writer, action: str, pattern: ShiftPattern, *, actor: Actor, at: datetime, **detail: object
) -> None:
    audit.record(
        session,
        actor=actor,
        at=at,
        action=action,
        subject=("vehicle", pattern.vehicle_id),
        driver_id=pattern.driver_id,
        pattern_id=pattern.id,
        **detail,
    )
