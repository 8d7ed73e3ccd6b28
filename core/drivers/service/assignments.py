"""Who gets which vehicle, from when until when."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from psycopg.errors import ExclusionViolation
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.drivers.models import Assignment, AssignmentKind, Driver
from core.drivers.queries.names import name_drivers
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Actor, needs
from core.vehicles import queries as vehicles


@needs("drivers:assign")
def end_assignment(session: Writer, *, actor: Actor, at: datetime, driver_id: int) -> None:
    """End the assignment a driver has at this moment. It stays in the history. Raises Conflict when there is none."""
    driver = session.get(Driver, driver_id)
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require("drivers:assign", park_id=driver.park_id)
    assignment = session.scalars(
        sa.select(Assignment).where(Assignment.driver_id == driver_id, Assignment.during.contains(at)).with_for_update()
    ).one_or_none()
    if assignment is None:
        name = name_drivers(session.connection(), [driver_id])[driver_id]
        raise Conflict(f"{name} has no vehicle just now; there is nothing to end.", driver_id=driver_id)
    assignment.during = Range(assignment.during.lower, at, bounds="[)")
    audit.record(
        session,
        actor=actor,
        at=at,
        action="drivers.assignment_ended",
        subject=("vehicle", assignment.vehicle_id),
        driver_id=driver_id,
    )
    outbox.publish(session, "drivers.assignment_ended", at=at, vehicle_id=assignment.vehicle_id, driver_id=driver_id)


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

    Raises Conflict, with the way back, for a driver who is suspended or locked out, and when either is taken.
    """
    # Whoever judges this driver at the same moment is waited for.
    driver = session.get(Driver, driver_id, with_for_update={"read": True})
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require("drivers:assign", park_id=driver.park_id)
    vehicles.check_reach(session.connection(), actor=actor, permission="drivers:assign", vehicle_id=vehicle_id)
    vehicle = vehicles.get_vehicle(session.connection(), viewer=actor, vehicle_id=vehicle_id)
    name = name_drivers(session.connection(), [driver_id])[driver_id]
    if driver.access_status.is_barred:
        raise Conflict(
            f"{name} is {driver.access_status.replace('_', ' ')} and cannot be given a vehicle. "
            f"{driver.access_words or 'Ask the park why.'}",
            driver_id=driver_id,
            access_status=driver.access_status.value,
        )
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid("The assignment was not made.", fields={"ends_at": "It must end after it starts."})
    assignment = Assignment(
        vehicle_id=vehicle_id,
        driver_id=driver_id,
        kind=kind,
        during=Range(starts_at, ends_at, bounds="[)"),
        created_by=actor.name,
        created_at=at,
    )
    try:
        with session.begin_nested():
            session.add(assignment)
    except IntegrityError as refused:
        if not isinstance(refused.orig, ExclusionViolation):
            raise
        raise Conflict(
            f"{vehicle.name} or {name} is already assigned in that time. End that assignment first.",
            vehicle_id=vehicle_id,
            driver_id=driver_id,
        ) from refused
    audit.record(
        session,
        actor=actor,
        at=at,
        action="drivers.vehicle_assigned",
        subject=("vehicle", vehicle_id),
        driver_id=driver_id,
        kind=kind,
    )
    outbox.publish(session, "drivers.vehicle_assigned", at=at, vehicle_id=vehicle_id, driver_id=driver_id)
    return assignment.id
