"""The orders: to immobilize, to release, to cancel."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core import audit, outbox
from core.access.models import OPEN, BrakeKind, ImmobilizationAttempt, JobState, OrderKind, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.rules import BREAK_GLASS, Decision, PolicyInputs, Verdict, decide
from core.access.rules.relays import REQUEST_TIMEOUT_S
from core.access.schemas import ImmobilizationOrder
from core.access.service.arming import set_out
from core.access.service.brakes import read_brakes
from core.access.service.fairness import find_law, read_for_order
from core.access.service.held import hold_job, hold_orders
from core.access.service.inputs import read_vehicles_now
from core.access.service.limits import hold_count, trip_if_ordered_too_often
from core.access.service.verdict import finish
from core.config import AccessLimits, AccessTiming
from core.db import Writer
from core.drivers import queries as drivers
from core.errors import Conflict, Invalid
from core.permissions import Actor, needs, system
from core.vehicles import queries as vehicles

# Reads the registry for an order, after the reach of whoever gives it was checked.
ORDERS = system("access orders", "vehicles:read", "drivers:read")
BREAKER = system("breaker", "access:brake")


@needs("access:immobilize")
def immobilize(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    order: ImmobilizationOrder,
    timing: AccessTiming,
    limits: AccessLimits,
) -> uuid.UUID:
    """Accept an order to immobilize a vehicle; returns the job's id. The one way in for pages, API and command line.

    It waits for a second person, or, by break-glass, goes on the road at once and is reviewed afterwards. Raises
    Conflict when the vehicle has no relay behind that method, an order is open, a brake is on, or it would be unfair;
    Invalid when break-glass is not for such a reason.
    """
    vehicle = _get_vehicle(session, actor, "access:immobilize", vehicle_id)
    method = vehicle.relay_gateway
    if vehicle.device_uid is None or method is None or order.method not in {None, method}:
        wanted = f"no relay behind {order.method}" if order.method else "no relay"
        raise Conflict(
            f"{vehicle.name} has {wanted}. Pair a tracker with a relay gateway first.",
            vehicle_id=vehicle_id,
        )
    if order.break_glass and order.reason not in BREAK_GLASS:
        raise Invalid(
            "Break-glass is for theft and police alone.", fields={"break_glass": "Let a second person approve."}
        )
    hold_orders(session, vehicle_id)
    if (open_job := _find_open(session, vehicle_id)) is not None:
        raise Conflict(
            f"{vehicle.name} already has an open order ({open_job.kind}, {open_job.state}). Follow that one, "
            "or cancel it first.",
            job_id=str(open_job.id),
        )
    law = find_law(session, park_id=vehicle.park_id)
    driver_id = _find_driver(session, vehicle_id, at)
    fairness = read_for_order(session, reason=order.reason, driver_id=driver_id, device_uid=vehicle.device_uid, law=law)
    # From here on one order at a time: whoever comes after the one that trips the breaker sees that it has.
    hold_count(session)
    expires_at = at + timedelta(seconds=timing.approve_within_s)
    inputs = PolicyInputs(
        reason=order.reason,
        is_break_glass=order.break_glass,
        is_approved=False,
        expires_at=expires_at,
        vehicle=read_vehicles_now(session, [vehicle_id])[vehicle_id],
        powertrain=vehicle.powertrain,
        fairness=fairness,
        brakes=read_brakes(session),
    )
    decision = decide(inputs, at=at, timing=timing, limits=limits)
    _refuse_if_held_back(inputs, decision, vehicle_id)
    job = _new_job(
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        kind=OrderKind.IMMOBILIZE,
        method=method,
        reason=order.reason,
        note=order.note,
        expires_at=expires_at,
    )
    job.state, job.waiting_for = JobState.REQUESTED, "a second person to approve it"
    job.driver_id, job.jurisdiction, job.jurisdiction_version = driver_id, law.code, law.version
    job.decision = decision.as_record(inputs, at=at)
    job.is_break_glass = order.break_glass
    if order.break_glass:
        job.review_due_at = at + timedelta(seconds=timing.review_within_s)
    _give(session, job, actor=actor, at=at, decision=job.decision, is_break_glass=order.break_glass)
    if order.break_glass:
        set_out(session, job, fairness=fairness, actor=actor, at=at, timing=timing)
    trip_if_ordered_too_often(session, actor=BREAKER, at=at, limits=limits)
    return job.id


@needs("access:release")
def release(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    note: str = "",
    reason: Reason = Reason.RELEASED,
    timing: AccessTiming,
) -> uuid.UUID:
    """Accept an order to release a vehicle; returns the job's id. It overtakes and cancels an open lock.

    Ordering it again while it is on its way returns the same job.
    """
    vehicle = _get_vehicle(session, actor, "access:release", vehicle_id)
    if vehicle.device_uid is None or vehicle.relay_gateway is None:
        raise Conflict(f"{vehicle.name} has no relay to release.", vehicle_id=vehicle_id)
    hold_orders(session, vehicle_id)
    open_job = _find_open(session, vehicle_id)
    if open_job is not None and open_job.kind is OrderKind.RELEASE:
        return open_job.id
    if open_job is not None:
        finish(session, open_job, actor=actor, at=at, state=JobState.CANCELLED, verdict="Overtaken by a release.")
    job = _new_job(
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        kind=OrderKind.RELEASE,
        method=vehicle.relay_gateway,
        reason=reason,
        note=note,
        expires_at=at + timedelta(seconds=timing.release_for_s),
    )
    job.driver_id = _find_driver(session, vehicle_id, at)
    job.armed_at, job.quiet_after = at, _quiet_after(session, vehicle_id)
    _give(session, job, actor=actor, at=at)
    return job.id


@needs("access:release")
def cancel(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, job_id: uuid.UUID) -> None:
    """Cancel an order to immobilize of which no command has left yet. Raises Conflict when one has."""
    job = hold_job(session, actor=actor, permission="access:release", vehicle_id=vehicle_id, job_id=job_id)
    if job.kind is OrderKind.RELEASE:
        raise Conflict("A release is not cancelled. Order an immobilization once it is through.", job_id=str(job_id))
    if not job.state.is_open:
        raise Conflict(f"The order is already {job.state}.", job_id=str(job_id))
    if job.state in {JobState.SENDING, JobState.SENT}:
        raise Conflict("A command has already left. Order a release instead: it overtakes.", job_id=str(job_id))
    finish(session, job, actor=actor, at=at, state=JobState.CANCELLED, verdict=f"Cancelled by {actor.name}.")


def _get_vehicle(session: Writer, actor: Actor, permission: str, vehicle_id: int) -> vehicles.VehicleRecord:
    """The vehicle, for an actor who may order but perhaps not read the registry."""
    vehicles.check_reach(session.connection(), actor=actor, permission=permission, vehicle_id=vehicle_id)
    return vehicles.get_vehicle(session.connection(), viewer=ORDERS, vehicle_id=vehicle_id)


def _find_open(session: Writer, vehicle_id: int) -> Job | None:
    return session.scalars(
        sa.select(Job).where(Job.vehicle_id == vehicle_id, OPEN).order_by(sa.desc(Job.kind)).with_for_update()
    ).first()


def _find_driver(session: Writer, vehicle_id: int, at: datetime) -> int | None:
    current = drivers.list_current_driver_ids(session.connection(), viewer=ORDERS, at=at, vehicle_ids=[vehicle_id])
    return current.get(vehicle_id)


def _refuse_if_held_back(inputs: PolicyInputs, decision: Decision, vehicle_id: int) -> None:
    """Nothing is accepted that could not be carried out however long it waited."""
    if decision.verdict is Verdict.REFUSE:
        raise Conflict(decision.words, vehicle_id=vehicle_id)
    for brake in inputs.brakes:
        raise Conflict(
            f"No locks are accepted now: {_BRAKES[brake.kind]} ({brake.why}). An administrator can lift that. "
            "Releases go through.",
            brake=brake.kind.value,
        )


_BRAKES = {BrakeKind.HOLD: "all of them are held", BrakeKind.BREAKER: "the breaker has tripped"}


def _new_job(
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    kind: OrderKind,
    method: str,
    reason: Reason,
    note: str,
    expires_at: datetime,
) -> Job:
    return Job(
        vehicle_id=vehicle_id,
        kind=kind,
        method=method,
        reason=reason,
        note=note,
        ordered_by_kind=actor.kind,
        ordered_by_id=actor.id,
        ordered_by=actor.name,
        ordered_at=at,
        state=JobState.ARMED,
        waiting_for="a worker to take it",
        expires_at=expires_at,
    )


def _give(session: Writer, job: Job, *, actor: Actor, at: datetime, **detail: object) -> None:
    """Write the order down, and say so."""
    session.add(job)
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action=f"access.{job.kind}_ordered",
        subject=("immobilization", job.id),
        vehicle_id=job.vehicle_id,
        method=job.method,
        reason=job.reason,
        note=job.note,
        **detail,
    )
    outbox.publish(session, "access.job_ordered", at=at, job_id=str(job.id), vehicle_id=job.vehicle_id)


def _quiet_after(session: Writer, vehicle_id: int) -> datetime | None:
    """From when on no lock of ours can switch the relay on any more: its last command has died, however slowly it was
    taken in, or has arrived and was confirmed. The only command of a confirmed lock is not on its way any more.
    """
    attempt = ImmobilizationAttempt
    longest_s = attempt.ttl_s + REQUEST_TIMEOUT_S
    dies_at = attempt.started_at + sa.func.make_interval(0, 0, 0, 0, 0, 0, longest_s)
    arrived = sa.and_(Job.state == JobState.CONFIRMED, attempt.number == 1, ~_has_second_attempt())
    result: datetime | None = session.execute(
        sa.select(
            sa.func.greatest(
                sa.func.max(dies_at).filter(~arrived),
                sa.func.max(Job.finished_at).filter(Job.state == JobState.CONFIRMED),
            )
        )
        .select_from(Job)
        .outerjoin(attempt, Job.id == attempt.job_id)
        .where(Job.vehicle_id == vehicle_id, Job.kind == OrderKind.IMMOBILIZE)
    ).scalar()
    return result


def _has_second_attempt() -> sa.ColumnElement[bool]:
    second = aliased(ImmobilizationAttempt)
    return sa.exists().where(second.job_id == Job.id, second.number == 2)
