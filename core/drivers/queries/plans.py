"""Assignments as they are planned, run and were: for the timetable, the API and the driver's own page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from core.db import Reader
from core.drivers.models import (
    AccessStatus,
    Assignment,
    AssignmentAct,
    AssignmentChange,
    AssignmentKind,
    ChangeReason,
    DayOutcome,
    Driver,
    ShiftDay,
    ShiftPattern,
)
from core.drivers.rules.assignments import AssignmentState, name_state, name_terms
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park, Vehicle

READ = "drivers:read"


@dataclass(frozen=True, slots=True)
class AssignmentRecord:
    """An assignment as the API and the pages show it. `time_zone` is the park's of the vehicle.

    `access_status` is how the driver stands now. A cancelled one has the times it was to have; `ends_at` None: until
    further notice.
    """

    id: int
    vehicle_id: int
    vehicle: str
    plate: str | None
    park_id: int
    time_zone: str
    driver_id: int
    access_status: AccessStatus
    kind: AssignmentKind
    starts_at: datetime
    ends_at: datetime | None
    cancelled_at: datetime | None
    pattern_id: int | None
    created_at: datetime
    version: int

    def state(self, at: datetime) -> AssignmentState:
        """Where it stands at a moment."""
        is_cancelled = self.cancelled_at is not None
        return name_state(starts_at=self.starts_at, ends_at=self.ends_at, is_cancelled=is_cancelled, at=at)

    @property
    def terms(self) -> str:
        """The terms in words."""
        return name_terms(self.kind, self.starts_at, self.ends_at)


_LAST = (
    sa.select(AssignmentChange.during)
    .where(AssignmentChange.assignment_id == Assignment.id)
    .order_by(AssignmentChange.id.desc())
    .limit(1)
    .correlate(Assignment)
    .scalar_subquery()
)
_DURING = sa.case((Assignment.cancelled_at.is_(None), Assignment.during), else_=_LAST)
_RECORD = (
    sa.select(
        Assignment.id,
        Assignment.vehicle_id,
        Vehicle.name,
        Vehicle.plate,
        Vehicle.park_id,
        Park.time_zone,
        Assignment.driver_id,
        Driver.access_status,
        Assignment.kind,
        sa.func.coalesce(sa.func.lower(_DURING), Assignment.created_at),
        sa.func.upper(_DURING),
        Assignment.cancelled_at,
        Assignment.pattern_id,
        Assignment.created_at,
        Assignment.version,
    )
    .join(Vehicle, Vehicle.id == Assignment.vehicle_id)
    .join(Park, Park.id == Vehicle.park_id)
    .join(Driver, Driver.id == Assignment.driver_id)
)


def get_assignment(reader: Reader, *, viewer: Actor, assignment_id: int) -> AssignmentRecord:
    """One assignment, cancelled or not. Needs drivers:read. Raises NotFound, also when it is out of sight."""
    viewer.require(READ)
    row = reader.execute(_RECORD.where(Assignment.id == assignment_id, _in_sight(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"There is no assignment {assignment_id}.")
    return AssignmentRecord(*tuple(row))


def list_assignments(
    reader: Reader,
    *,
    viewer: Actor,
    since: datetime | None = None,
    until: datetime | None = None,
    vehicle_ids: Iterable[int] | None = None,
    driver_id: int | None = None,
    park_id: int | None = None,
    after_id: int = 0,
    most: int | None = None,
) -> list[AssignmentRecord]:
    """The assignments in sight by id that are not cancelled and touch the time from `since` to before `until`.

    Needs drivers:read.
    """
    viewer.require(READ)
    query = _RECORD.where(
        Assignment.id > after_id,
        Assignment.cancelled_at.is_(None),
        Assignment.during.overlaps(sa.literal(Range(since, until, bounds="[)"), Assignment.during.type)),
        _in_sight(viewer),
    ).order_by(Assignment.id)
    if vehicle_ids is not None:
        query = query.where(Assignment.vehicle_id.in_(list(vehicle_ids)))
    if driver_id is not None:
        query = query.where(Assignment.driver_id == driver_id)
    if park_id is not None:
        query = query.where(Vehicle.park_id == park_id)
    if most is not None:
        query = query.limit(most)
    return [AssignmentRecord(*tuple(row)) for row in reader.execute(query)]


def list_own_assignments(reader: Reader, *, viewer: Actor, since: datetime, most: int = 20) -> list[AssignmentRecord]:
    """The viewer's own assignments as a driver that end after `since`, first to begin first. Needs drivers:read_own."""
    viewer.require("drivers:read_own")
    query = (
        _RECORD.where(
            Driver.user_id == viewer.id,
            Assignment.cancelled_at.is_(None),
            Assignment.during.overlaps(sa.literal(Range(since, None, bounds="[)"), Assignment.during.type)),
        )
        .order_by(sa.func.lower(Assignment.during))
        .limit(most)
    )
    return [AssignmentRecord(*tuple(row)) for row in reader.execute(query)]


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One line of an assignment's history: who did what, and how it then was."""

    at: datetime
    act: AssignmentAct
    reason: ChangeReason | None
    actor_kind: str
    actor_id: int | None
    vehicle_id: int
    driver_id: int
    starts_at: datetime | None
    ends_at: datetime | None


def list_assignment_changes(reader: Reader, *, viewer: Actor, assignment_id: int) -> list[ChangeRecord]:
    """The history of an assignment, oldest first. Needs drivers:read; NotFound out of sight."""
    get_assignment(reader, viewer=viewer, assignment_id=assignment_id)
    query = (
        sa.select(
            AssignmentChange.at,
            AssignmentChange.act,
            AssignmentChange.reason,
            AssignmentChange.actor_kind,
            AssignmentChange.actor_id,
            AssignmentChange.vehicle_id,
            AssignmentChange.driver_id,
            sa.func.lower(AssignmentChange.during),
            sa.func.upper(AssignmentChange.during),
        )
        .where(AssignmentChange.assignment_id == assignment_id)
        .order_by(AssignmentChange.id)
    )
    return [ChangeRecord(*tuple(row)) for row in reader.execute(query)]


@dataclass(frozen=True, slots=True)
class ShiftPatternRecord:
    """A weekly pattern of shifts. Its times are by the clock of the park, whose zone is `time_zone`."""

    id: int
    park_id: int
    time_zone: str
    vehicle_id: int
    vehicle: str
    driver_id: int
    weekdays: list[int]
    starts: time
    ends: time
    first_day: date
    last_day: date | None
    created_at: datetime
    ended_at: datetime | None
    version: int


_PATTERN = (
    sa.select(
        ShiftPattern.id,
        ShiftPattern.park_id,
        Park.time_zone,
        ShiftPattern.vehicle_id,
        Vehicle.name,
        ShiftPattern.driver_id,
        ShiftPattern.weekdays,
        ShiftPattern.starts,
        ShiftPattern.ends,
        ShiftPattern.first_day,
        ShiftPattern.last_day,
        ShiftPattern.created_at,
        ShiftPattern.ended_at,
        ShiftPattern.version,
    )
    .join(Vehicle, Vehicle.id == ShiftPattern.vehicle_id)
    .join(Park, Park.id == Vehicle.park_id)
)


def get_shift_pattern(reader: Reader, *, viewer: Actor, pattern_id: int) -> ShiftPatternRecord:
    """One pattern, ended or not. Needs drivers:read. Raises NotFound, also when it is out of sight."""
    viewer.require(READ)
    row = reader.execute(_PATTERN.where(ShiftPattern.id == pattern_id, _in_sight(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"There is no shift pattern {pattern_id}.")
    return ShiftPatternRecord(*tuple(row))


def list_shift_patterns(
    reader: Reader, *, viewer: Actor, after_id: int = 0, most: int | None = None
) -> list[ShiftPatternRecord]:
    """The patterns in sight that have not ended, by id. Needs drivers:read."""
    viewer.require(READ)
    query = _PATTERN.where(ShiftPattern.id > after_id, ShiftPattern.ended_at.is_(None), _in_sight(viewer))
    query = query.order_by(ShiftPattern.id)
    if most is not None:
        query = query.limit(most)
    return [ShiftPatternRecord(*tuple(row)) for row in reader.execute(query)]


@dataclass(frozen=True, slots=True)
class ShiftDayRecord:
    """What became of one day of a pattern, and what was in the way, if something was."""

    day: date
    outcome: DayOutcome
    problem: str | None
    in_the_way_id: int | None


def list_shift_days(reader: Reader, *, viewer: Actor, pattern_id: int, since: date) -> list[ShiftDayRecord]:
    """What became of the days of a pattern from `since` on. Needs drivers:read; NotFound out of sight."""
    get_shift_pattern(reader, viewer=viewer, pattern_id=pattern_id)
    query = (
        sa.select(ShiftDay.day, ShiftDay.outcome, ShiftDay.problem, ShiftDay.in_the_way_id)
        .where(ShiftDay.pattern_id == pattern_id, ShiftDay.day >= since)
        .order_by(ShiftDay.day)
    )
    return [ShiftDayRecord(row.day, row.outcome, row.problem, row.in_the_way_id) for row in reader.execute(query)]


def list_pattern_ids(reader: Reader, *, viewer: Actor) -> list[int]:
    """The patterns that go on, in sight: their shifts are made ahead. Needs drivers:assign."""
    viewer.require("drivers:assign")
    query = sa.select(ShiftPattern.id).where(ShiftPattern.ended_at.is_(None)).order_by(ShiftPattern.id)
    return list(reader.execute(query).scalars())


def _in_sight(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, READ, park_id=Vehicle.park_id, vehicle_id=Vehicle.id)
