"""Who gets which vehicle, from when until when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from core import outbox
from core.db import Writer
from core.drivers.models import Assignment, AssignmentAct, AssignmentKind, ChangeReason, Driver
from core.drivers.queries.names import name_drivers
from core.drivers.rules.assignments import Change, find_change_problem
from core.drivers.schemas.assignments import Booking
from core.drivers.service.assignment_making import make_assignment
from core.drivers.service.assignment_places import (
    end_now,
    get_assignment,
    note_change,
    record_done,
    state_of,
    take_back,
)
from core.errors import Conflict, NotFound, check_version
from core.permissions import Actor, needs


@needs("drivers:assign")
def assign_vehicle(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    driver_id: int,
    vehicle_id: int,
    kind: AssignmentKind,
    starts_at: datetime,
    ends_at: datetime | None,
) -> int:
    """Give a driver a vehicle from `starts_at` until `ends_at` (None: until further notice); returns the id.

    Raises Conflict, with the way back, for a driver who may not drive and for a vehicle that is not available, and
    naming the assignment that is in the way.
    """
    booking = Booking(driver_id=driver_id, vehicle_id=vehicle_id, kind=kind, starts_at=starts_at, ends_at=ends_at)
    return make_assignment(session, actor=actor, at=at, booking=booking)


@needs("drivers:assign")
def end_assignment(session: Writer, *, actor: Actor, at: datetime, driver_id: int) -> None:
    """End the assignment a driver has at this moment. It stays in the history. Raises Conflict when there is none."""
    driver = session.get(Driver, driver_id)
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require("drivers:assign", park_id=driver.park_id)
    query = sa.select(Assignment.id).where(Assignment.driver_id == driver_id, Assignment.during.contains(at))
    assignment_id = session.scalar(query)
    if assignment_id is None:
        name = name_drivers(session.connection(), [driver_id])[driver_id]
        raise Conflict(f"{name} has no vehicle just now; there is nothing to end.", driver_id=driver_id)
    hand_back(session, actor=actor, at=at, assignment_id=assignment_id)


@needs("drivers:assign")
def hand_back(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    assignment_id: int,
    reason: ChangeReason = ChangeReason.HANDED_BACK,
    versions: Collection[int] | None = None,
) -> None:
    """End an assignment that has begun, as of now; it stays in the history. Raises Conflict for any other."""
    assignment = get_assignment(session, actor=actor, assignment_id=assignment_id)
    check_version(assignment.version, versions)
    if problem := find_change_problem(state_of(assignment, at=at), Change.END):
        raise Conflict(f"The assignment was not ended. {problem}", assignment_id=assignment_id)
    end_now(session, assignment, actor=actor, at=at, reason=reason)


@needs("drivers:assign")
def cancel_assignment(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    assignment_id: int,
    reason: ChangeReason = ChangeReason.PLAN_CHANGED,
    versions: Collection[int] | None = None,
) -> None:
    """Take back an assignment that has not begun; it stays in the history. Raises Conflict once it has begun."""
    assignment = get_assignment(session, actor=actor, assignment_id=assignment_id)
    check_version(assignment.version, versions)
    if problem := find_change_problem(state_of(assignment, at=at), Change.CANCEL):
        raise Conflict(f"The assignment was not cancelled. {problem}", assignment_id=assignment_id)
    was = assignment.during
    take_back(assignment, at=at)
    assignment.version += 1
    note_change(session, assignment, AssignmentAct.CANCELLED, actor=actor, at=at, reason=reason, during=was)
    record_done(session, "drivers.assignment_cancelled", assignment, actor=actor, at=at, reason=reason)
    outbox.publish(
        session,
        "drivers.assignment_cancelled",
        at=at,
        vehicle_id=assignment.vehicle_id,
        driver_id=assignment.driver_id,
        assignment_id=assignment_id,
    )
