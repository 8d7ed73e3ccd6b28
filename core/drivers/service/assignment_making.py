"""Making one assignment: what giving a vehicle and making the shifts of a pattern share."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.dialects.postgresql import Range

from core import outbox
from core.db import Writer
from core.drivers.models import Assignment, AssignmentAct
from core.drivers.schemas.assignments import Booking
from core.drivers.service.assignment_places import (
    check_parties,
    check_times,
    get_driver,
    get_vehicle,
    lock_places,
    note_change,
    record_done,
    refuse_taken,
    refusing_overlaps,
)
from core.permissions import Actor


def make_assignment(
    session: Writer, *, actor: Actor, at: datetime, booking: Booking, pattern: tuple[int, date] | None = None
) -> int:
    """Make an assignment; returns the id. `pattern` is the shift pattern, and its day, that it is made from."""
    driver = get_driver(session, actor=actor, driver_id=booking.driver_id)
    vehicle = get_vehicle(session, actor=actor, vehicle_id=booking.vehicle_id)
    check_parties(session, driver=driver, vehicle=vehicle)
    assignment = Assignment(
        vehicle_id=booking.vehicle_id,
        driver_id=booking.driver_id,
        kind=booking.kind,
        during=Range(booking.starts_at, booking.ends_at, bounds="[)"),
        created_by=actor.name,
        created_at=at,
        pattern_id=pattern[0] if pattern else None,
        pattern_day=pattern[1] if pattern else None,
    )
    check_times(assignment)
    # Before the lock, so that of many who come late none has to wait for it; and again once it is held.
    refuse_taken(session, assignment)
    lock_places(session, vehicle_ids=[booking.vehicle_id], driver_ids=[booking.driver_id])
    refuse_taken(session, assignment)
    with refusing_overlaps(), session.begin_nested():
        session.add(assignment)
    note_change(session, assignment, AssignmentAct.MADE, actor=actor, at=at)
    record_done(session, "drivers.vehicle_assigned", assignment, actor=actor, at=at)
    outbox.publish(
        session,
        "drivers.vehicle_assigned",
        at=at,
        vehicle_id=booking.vehicle_id,
        driver_id=booking.driver_id,
        assignment_id=assignment.id,
    )
    return assignment.id
