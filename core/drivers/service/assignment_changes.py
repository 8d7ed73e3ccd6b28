"""Moving, extending and exchanging assignments. What has ended is never changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from msgspec import UNSET
from sqlalchemy.dialects.postgresql import Range

from core import outbox
from core.db import Writer
from core.drivers.models import Assignment, AssignmentAct, ChangeReason
from core.drivers.rules.assignments import AssignmentState, Change, find_change_problem
from core.drivers.schemas.assignments import AssignmentChange, AssignmentTimes
from core.drivers.service.assignment_places import (
    check_parties,
    check_times,
    get_assignment,
    get_driver,
    get_vehicle,
    lock_places,
    note_change,
    record_done,
    refuse_taken,
    refusing_overlaps,
    state_of,
)
from core.errors import Conflict, Invalid, check_version
from core.permissions import Actor, needs


@needs("drivers:assign")
def change_assignment(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    assignment_id: int,
    change: AssignmentChange,
    versions: Collection[int] | None = None,
) -> bool:
    """Move an assignment to another vehicle, driver or time; says whether anything changed.

    Once it has begun only its end may change, and not to a moment that has passed. Raises Conflict naming the
    assignment in the way, PreconditionFailed when it is no longer the version that was read.
    """
    assignment = _lock_with_goal(session, actor=actor, assignment_id=assignment_id, change=change)
    check_version(assignment.version, versions)
    wanted = _wanted(assignment, change)
    if _is_same(assignment, wanted):
        return False
    _check_change(assignment, wanted, at=at)
    driver = get_driver(session, actor=actor, driver_id=wanted.driver_id)
    vehicle = get_vehicle(session, actor=actor, vehicle_id=wanted.vehicle_id)
    if _needs_parties(assignment, wanted):
        check_parties(session, driver=driver, vehicle=vehicle)
    with refusing_overlaps(), session.begin_nested():
        assignment.vehicle_id, assignment.driver_id = wanted.vehicle_id, wanted.driver_id
        assignment.during = Range(wanted.starts_at, wanted.ends_at, bounds="[)")
        assignment.version += 1
        check_times(assignment)
        refuse_taken(session, assignment, but=[assignment_id])
    note_change(session, assignment, AssignmentAct.CHANGED, actor=actor, at=at, reason=change.reason)
    record_done(session, "drivers.assignment_changed", assignment, actor=actor, at=at, reason=change.reason)
    _publish_change(session, assignment, at=at)
    return True


def _lock_with_goal(session: Writer, *, actor: Actor, assignment_id: int, change: AssignmentChange) -> Assignment:
    """The assignment, with the locks on where it stands and on where it is to go, all taken in one order."""
    stands = session.execute(
        sa.select(Assignment.vehicle_id, Assignment.driver_id).where(Assignment.id == assignment_id)
    ).one_or_none()
    if stands is not None:
        goals = {goal for goal in (stands.vehicle_id, change.vehicle_id) if goal is not UNSET}
        people = {goal for goal in (stands.driver_id, change.driver_id) if goal is not UNSET}
        lock_places(session, vehicle_ids=goals, driver_ids=people)
    return get_assignment(session, actor=actor, assignment_id=assignment_id)


def _wanted(assignment: Assignment, change: AssignmentChange) -> AssignmentTimes:
    starts_at = assignment.during.lower if change.starts_at is UNSET else change.starts_at
    return AssignmentTimes(
        vehicle_id=assignment.vehicle_id if change.vehicle_id is UNSET else change.vehicle_id,
        driver_id=assignment.driver_id if change.driver_id is UNSET else change.driver_id,
        # A cancelled one has no start any more; that it cannot be changed is said next.
        starts_at=assignment.created_at if starts_at is None else starts_at,
        ends_at=assignment.during.upper if change.ends_at is UNSET else change.ends_at,
    )


def _is_same(assignment: Assignment, wanted: AssignmentTimes) -> bool:
    return (assignment.vehicle_id, assignment.driver_id, assignment.during.lower, assignment.during.upper) == (
        wanted.vehicle_id,
        wanted.driver_id,
        wanted.starts_at,
        wanted.ends_at,
    )


def _check_change(assignment: Assignment, wanted: AssignmentTimes, *, at: datetime) -> None:
    parties = (assignment.vehicle_id, assignment.driver_id, assignment.during.lower)
    only_end = parties == (wanted.vehicle_id, wanted.driver_id, wanted.starts_at)
    state = state_of(assignment, at=at)
    # To change the end of one that lies ahead is to move it.
    change = Change.END if only_end and state is AssignmentState.BEGUN else Change.MOVE
    if problem := find_change_problem(state, change):
        raise Conflict(f"The assignment was not changed. {problem}", assignment_id=assignment.id, state=state.value)
    if wanted.ends_at is not None and wanted.ends_at < at:
        words = "That moment has passed. To end it, hand the vehicle back now."
        raise Invalid("The assignment was not changed.", fields={"ends_at": words})
    if state is AssignmentState.PLANNED and wanted.starts_at < at:
        words = "That moment has passed. Let it begin now or later."
        raise Invalid("The assignment was not changed.", fields={"starts_at": words})


def _needs_parties(assignment: Assignment, wanted: AssignmentTimes) -> bool:
    """Whether the driver must be one who may drive: not to make one end earlier, which may be because they may not."""
    parties = (assignment.vehicle_id, assignment.driver_id) == (wanted.vehicle_id, wanted.driver_id)
    until = assignment.during.upper
    is_shorter = wanted.ends_at is not None and (until is None or wanted.ends_at <= until)
    return not (parties and is_shorter)


@needs("drivers:assign")
def swap_assignments(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    first_id: int,
    second_id: int,
    reason: ChangeReason = ChangeReason.PLAN_CHANGED,
) -> tuple[int, int]:
    """Let two assignments exchange their vehicles; returns the ids of what then holds for the two drivers.

    Two that lie ahead are changed. Of two that have begun, both end now and the rest of each is made anew, so that what
    was stays. Raises Conflict when only one has begun, and for whatever stands in the way of giving either vehicle.
    """
    if first_id == second_id:
        raise Invalid("Nothing was swapped.", fields={"second_id": "Choose another assignment."})
    # Both at once and in order, before each of them is looked at.
    places = session.execute(
        sa.select(Assignment.vehicle_id, Assignment.driver_id).where(Assignment.id.in_([first_id, second_id]))
    ).all()
    lock_places(session, vehicle_ids=[p.vehicle_id for p in places], driver_ids=[p.driver_id for p in places])
    first = get_assignment(session, actor=actor, assignment_id=first_id)
    second = get_assignment(session, actor=actor, assignment_id=second_id)
    states = {state_of(first, at=at), state_of(second, at=at)}
    if states == {AssignmentState.PLANNED}:
        ids = _exchange(session, first, second, at=at)
    elif states == {AssignmentState.BEGUN}:
        ids = _exchange_rest(session, first, second, actor=actor, at=at)
    else:
        raise Conflict(
            "Nothing was swapped: both must have begun, or both must lie ahead. Move one of them instead.",
            assignment_ids=[first_id, second_id],
        )
    for assignment_id in ids:
        made = session.get_one(Assignment, assignment_id)
        driver = get_driver(session, actor=actor, driver_id=made.driver_id)
        vehicle = get_vehicle(session, actor=actor, vehicle_id=made.vehicle_id)
        check_parties(session, driver=driver, vehicle=vehicle)
        refuse_taken(session, made, but=[made.id])
        note_change(session, made, AssignmentAct.SWAPPED, actor=actor, at=at, reason=reason)
        record_done(session, "drivers.assignment_changed", made, actor=actor, at=at, reason=reason)
        _publish_change(session, made, at=at)
    return ids


def _exchange(session: Writer, first: Assignment, second: Assignment, *, at: datetime) -> tuple[int, int]:
    """Exchange the vehicles. Between the two updates both would have the same one: that is checked after them."""
    constraints = "ex_drivers_assignments_vehicle, ex_drivers_assignments_driver"
    with refusing_overlaps(), session.begin_nested():
        session.execute(sa.text(f"SET CONSTRAINTS {constraints} DEFERRED"))
        first.vehicle_id, second.vehicle_id = second.vehicle_id, first.vehicle_id
        first.version += 1
        second.version += 1
        session.flush()
        session.execute(sa.text(f"SET CONSTRAINTS {constraints} IMMEDIATE"))
    return first.id, second.id


def _exchange_rest(
    session: Writer, first: Assignment, second: Assignment, *, actor: Actor, at: datetime
) -> tuple[int, int]:
    rest = []
    for one, other in ((first, second), (second, first)):
        made = Assignment(
            vehicle_id=other.vehicle_id,
            driver_id=one.driver_id,
            kind=one.kind,
            during=Range(at, one.during.upper, bounds="[)"),
            created_by=actor.name,
            created_at=at,
        )
        rest.append(made)
    with refusing_overlaps(), session.begin_nested():
        for ended in (first, second):
            ended.during = Range(ended.during.lower, at, bounds="[)")
            ended.version += 1
            note_change(session, ended, AssignmentAct.ENDED, actor=actor, at=at, reason=ChangeReason.PLAN_CHANGED)
        session.add_all(rest)
        session.flush()
    return rest[0].id, rest[1].id


def _publish_change(session: Writer, assignment: Assignment, *, at: datetime) -> None:
    outbox.publish(
        session,
        "drivers.assignment_changed",
        at=at,
        vehicle_id=assignment.vehicle_id,
        driver_id=assignment.driver_id,
        assignment_id=assignment.id,
    )
