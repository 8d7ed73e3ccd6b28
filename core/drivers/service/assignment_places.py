"""What the verbs about assignments share: who is looked at, what is in the way, how one is kept and its history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from psycopg.errors import ExclusionViolation
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer, take_transaction_lock
from core.drivers.models import Assignment, AssignmentAct, AssignmentChange, ChangeReason, Driver, Stage
from core.drivers.queries.names import name_drivers
from core.drivers.rules.assignments import AssignmentState, find_time_problem, find_vehicle_problem, name_state
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Actor, system
from core.vehicles import queries as vehicles
from core.vehicles.models import VehicleStatus
from core.vehicles.queries import VehicleRecord

ASSIGN = "drivers:assign"
# Looks at the vehicle that is given, for an actor who may give it but perhaps not read the registry.
LOOKER = system("assignments", "vehicles:read")


def get_driver(session: Writer, *, actor: Actor, driver_id: int) -> Driver:
    """The driver, whom nobody judges until this transaction ends. NotFound out of sight, Forbidden out of reach."""
    driver = session.get(Driver, driver_id, with_for_update={"read": True})
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require(ASSIGN, park_id=driver.park_id)
    return driver


def get_vehicle(session: Writer, *, actor: Actor, vehicle_id: int) -> VehicleRecord:
    """The vehicle. NotFound out of sight, Forbidden out of reach."""
    vehicles.check_reach(session.connection(), actor=actor, permission=ASSIGN, vehicle_id=vehicle_id)
    return vehicles.get_vehicle(session.connection(), viewer=LOOKER, vehicle_id=vehicle_id)


def get_assignment(session: Writer, *, actor: Actor, assignment_id: int) -> Assignment:
    """The assignment with the lock on its vehicle and its driver. NotFound out of sight, Forbidden out of reach."""
    found = session.get(Assignment, assignment_id)
    if found is None:
        raise NotFound(f"There is no assignment {assignment_id}.")
    vehicles.check_reach(session.connection(), actor=actor, permission=ASSIGN, vehicle_id=found.vehicle_id)
    lock_places(session, vehicle_ids=[found.vehicle_id], driver_ids=[found.driver_id])
    locked = (found.vehicle_id, found.driver_id)
    session.refresh(found, with_for_update=True)
    if (found.vehicle_id, found.driver_id) != locked:
        raise Conflict("Somebody has just moved this assignment. Look again.", assignment_id=assignment_id)
    return found


def lock_places(session: Writer, *, vehicle_ids: Iterable[int], driver_ids: Iterable[int]) -> None:
    """Let nobody else assign these until this transaction ends. Always in the same order, so that no two wait for each
    other: the exclusion constraints alone let two inserts do so, until one is killed for it.
    """
    for vehicle_id in sorted(set(vehicle_ids)):
        take_transaction_lock(session, f"drivers.assignments vehicle {vehicle_id}")
    for driver_id in sorted(set(driver_ids)):
        take_transaction_lock(session, f"drivers.assignments driver {driver_id}")


def check_times(assignment: Assignment) -> None:
    """Raise Invalid for times that do not go with each other or with the kind."""
    starts_at, ends_at = assignment.during.lower, assignment.during.upper
    assert starts_at is not None
    if problem := find_time_problem(assignment.kind, starts_at, ends_at):
        raise Invalid("The assignment was not saved.", fields={"ends_at": problem})


def check_parties(session: Writer, *, driver: Driver, vehicle: VehicleRecord) -> None:
    """Raise Conflict, with the way back, for a driver who may not drive or a vehicle that is given to nobody."""
    if driver.stage is not Stage.ACTIVE:
        name = name_drivers(session.connection(), [driver.id])[driver.id]
        raise Conflict(
            f"{name} is not active as a driver and cannot be given a vehicle. "
            "Finish the verification first, on the page of the driver.",
            problem="driver_barred",
            driver_id=driver.id,
            stage=driver.stage.value,
        )
    if driver.access_status.is_barred:
        name = name_drivers(session.connection(), [driver.id])[driver.id]
        raise Conflict(
            f"{name} is {driver.access_status.replace('_', ' ')} and cannot be given a vehicle. "
            f"{driver.access_words or 'Ask the park why.'}",
            problem="driver_barred",
            driver_id=driver.id,
            access_status=driver.access_status.value,
        )
    if problem := find_vehicle_problem(VehicleStatus(vehicle.status)):
        raise Conflict(
            f"{vehicle.name} {problem}",
            problem="vehicle_not_available",
            vehicle_id=vehicle.id,
            status=vehicle.status.value,
        )


def refuse_taken(session: Writer, wanted: Assignment, *, but: Collection[int] = ()) -> None:
    """Raise Conflict naming the first assignment that is in the way of `wanted`, other than those of the ids `but`."""
    query = (
        sa.select(Assignment)
        .where(
            Assignment.during.overlaps(wanted.during),
            sa.or_(Assignment.vehicle_id == wanted.vehicle_id, Assignment.driver_id == wanted.driver_id),
            Assignment.id.not_in(list(but)),
        )
        .order_by(sa.func.lower(Assignment.during), Assignment.id)
        .limit(1)
    )
    with session.no_autoflush:
        other = session.scalars(query).one_or_none()
    if other is not None:
        raise _taken(wanted, other)


@contextmanager
def refusing_overlaps() -> Iterator[None]:
    """Turn what PostgreSQL itself refuses into the same Conflict: the look before found nothing in the way."""
    try:
        yield
    except IntegrityError as refused:
        if not isinstance(refused.orig, ExclusionViolation):
            raise
        raise Conflict(
            "The vehicle or the driver is already assigned in that time. Look again, then end that assignment first.",
            problem="taken",
        ) from refused


def note_change(
    session: Writer,
    assignment: Assignment,
    act: AssignmentAct,
    *,
    actor: Actor,
    at: datetime,
    reason: ChangeReason | None = None,
    during: Range[datetime] | None = None,
) -> None:
    """Write a line of an assignment's history."""
    session.flush()
    session.add(
        AssignmentChange(
            assignment_id=assignment.id,
            at=at,
            act=act,
            reason=reason,
            actor_kind=actor.kind,
            actor_id=actor.id,
            vehicle_id=assignment.vehicle_id,
            driver_id=assignment.driver_id,
            during=during if during is not None else assignment.during,
        )
    )


def take_back(assignment: Assignment, *, at: datetime) -> None:
    """Let it contain no moment: it is in nobody's way."""
    assignment.during = Range(empty=True)
    assignment.cancelled_at = at


def end_now(session: Writer, assignment: Assignment, *, actor: Actor, at: datetime, reason: ChangeReason) -> None:
    """End an assignment that has begun, as of now, with its history and its fact."""
    starts_at = assignment.during.lower
    if starts_at == at:
        # Ended in the moment it began, it never was.
        take_back(assignment, at=at)
    else:
        assignment.during = Range(starts_at, at, bounds="[)")
    assignment.version += 1
    note_change(session, assignment, AssignmentAct.ENDED, actor=actor, at=at, reason=reason)
    record_done(session, "drivers.assignment_ended", assignment, actor=actor, at=at, reason=reason)
    outbox.publish(
        session,
        "drivers.assignment_ended",
        at=at,
        vehicle_id=assignment.vehicle_id,
        driver_id=assignment.driver_id,
        assignment_id=assignment.id,
    )


def record_done(
    session: Writer,
    action: str,
    assignment: Assignment,
    *,
    actor: Actor,
    at: datetime,
    reason: ChangeReason | None = None,
) -> None:
    """Write what was done to an assignment into the audit table."""
    audit.record(
        session,
        actor=actor,
        at=at,
        action=action,
        subject=("vehicle", assignment.vehicle_id),
        driver_id=assignment.driver_id,
        assignment_id=assignment.id,
        kind=assignment.kind,
        reason=reason,
    )


def state_of(assignment: Assignment, *, at: datetime) -> AssignmentState:
    """Where it stands at `at`."""
    return name_state(
        starts_at=assignment.during.lower,
        ends_at=assignment.during.upper,
        is_cancelled=assignment.cancelled_at is not None,
        at=at,
    )


def _taken(wanted: Assignment, other: Assignment) -> Conflict:
    same_vehicle = other.vehicle_id == wanted.vehicle_id
    whose = f"this vehicle, with driver {other.driver_id}" if same_vehicle else "this driver, with another vehicle"
    starts_at, ends_at = other.during.lower, other.during.upper
    return Conflict(
        f"The {'vehicle' if same_vehicle else 'driver'} is already assigned in that time: assignment {other.id} of "
        f"{whose}, is in the way. End or move that assignment first.",
        problem="taken",
        assignment_id=other.id,
        vehicle_id=other.vehicle_id,
        driver_id=other.driver_id,
        starts_at=starts_at.isoformat() if starts_at else None,
        ends_at=ends_at.isoformat() if ends_at else None,
    )
