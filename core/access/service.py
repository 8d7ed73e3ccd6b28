"""Every write about locking and releasing: the orders, and each step of carrying them out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, aliased

from core import audit, outbox
from core.access import rules
from core.access.gateway import REQUEST_TIMEOUT_S
from core.access.models import (
    OPEN,
    ImmobilizationAttempt,
    ImmobilizationJob,
    JobState,
    OrderKind,
    Outcome,
    Reason,
)
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.db import Writer, take_transaction_lock
from core.errors import Conflict, NotFound
from core.permissions import Actor, needs, system
from core.telemetry.models import states
from core.vehicles import queries as vehicles
from core.vehicles.models import Tracker

Job = ImmobilizationJob
# Reads the registry for an order, after the sight of whoever gives it was checked.
ORDERS = system("access orders")


@needs("access:immobilize")
def immobilize(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    order: ImmobilizationOrder,
    timing: AccessTiming,
) -> uuid.UUID:
    """Accept an order to immobilize a vehicle; returns the job's id. The one way in for pages, API and command line.

    The job waits until locking is safe and expires if it never is. Raises Conflict when the vehicle has no relay,
    or an order is already open.
    """
    vehicle = _get_vehicle(session, actor, vehicle_id)
    if vehicle.device_uid is None or vehicle.relay_gateway != order.method:
        raise Conflict(
            f"{vehicle.name} has no relay behind {order.method}. Pair a tracker with that relay gateway first.",
            vehicle_id=vehicle_id,
        )
    _lock_orders(session, vehicle_id)
    if (open_job := _find_open(session, vehicle_id)) is not None:
        raise Conflict(
            f"{vehicle.name} already has an open order ({open_job.kind}, {open_job.state}). Follow that one, "
            "or cancel it first.",
            job_id=str(open_job.id),
        )
    return _open_job(
        session,
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        kind=OrderKind.IMMOBILIZE,
        method=order.method,
        reason=order.reason,
        note=order.note,
        expires_at=at + timedelta(seconds=timing.arm_for_s),
    )


@needs("access:release")
def release(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, note: str = "", timing: AccessTiming
) -> uuid.UUID:
    """Accept an order to release a vehicle; returns the job's id. It overtakes and cancels an open lock.

    Ordering it again while it is on its way returns the same job.
    """
    vehicle = _get_vehicle(session, actor, vehicle_id)
    if vehicle.device_uid is None or vehicle.relay_gateway is None:
        raise Conflict(f"{vehicle.name} has no relay to release.", vehicle_id=vehicle_id)
    _lock_orders(session, vehicle_id)
    open_job = _find_open(session, vehicle_id)
    if open_job is not None and open_job.kind is OrderKind.RELEASE:
        return open_job.id
    if open_job is not None:
        _finish(session, open_job, actor=actor, at=at, state=JobState.CANCELLED, verdict="Overtaken by a release.")
    return _open_job(
        session,
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        kind=OrderKind.RELEASE,
        method=vehicle.relay_gateway,
        reason=Reason.RELEASED,
        note=note,
        expires_at=at + timedelta(seconds=timing.release_for_s),
        quiet_after=_last_lock_dies_at(session, vehicle_id),
    )


@needs("access:release")
def cancel(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, job_id: uuid.UUID) -> None:
    """Cancel an order to immobilize of which no command has left yet. Raises Conflict when one has."""
    vehicles.check_sight(session.connection(), viewer=actor, vehicle_id=vehicle_id)
    _lock_orders(session, vehicle_id)
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.vehicle_id != vehicle_id:
        raise NotFound(f"There is no order {job_id} for this vehicle.")
    if job.kind is OrderKind.RELEASE:
        raise Conflict("A release is not cancelled. Order an immobilization once it is through.", job_id=str(job_id))
    if not job.state.is_open:
        raise Conflict(f"The order is already {job.state}.", job_id=str(job_id))
    if job.state is not JobState.ARMED:
        raise Conflict("A command has already left. Order a release instead: it overtakes.", job_id=str(job_id))
    _finish(session, job, actor=actor, at=at, state=JobState.CANCELLED, verdict=f"Cancelled by {actor.name}.")


@dataclass(frozen=True, slots=True)
class Claim:
    """An open order in the hands of one worker, with all that a decision needs."""

    job_id: uuid.UUID
    vehicle_id: int
    device_uid: str
    relay_output: int
    relay_inverted: bool
    waiting_for: str | None
    job: rules.Job
    vehicle: rules.VehicleNow


@needs("access:deliver")
def claim_open_jobs(
    session: Writer, *, actor: Actor, at: datetime, worker: str, timing: AccessTiming, most: int = 200
) -> list[Claim]:
    """Take, or keep, the open orders that no living worker holds; releases first.

    A claim lasts a few seconds and is renewed by asking again: a dead worker's orders are free soon after.
    """
    free = sa.or_(Job.claimed_by.is_(None), Job.claimed_by == worker, Job.claimed_until < at)
    jobs = session.scalars(
        sa.select(Job)
        .where(OPEN, free)
        .order_by(sa.desc(Job.kind), Job.ordered_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for job in jobs:
        job.claimed_by, job.claimed_until = worker, at + timedelta(seconds=timing.claim_s)
    return _claims(session, jobs)


@needs("access:deliver")
def begin_attempt(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    worker: str,
    job_id: uuid.UUID,
    number: int,
    timing: AccessTiming,
) -> bool:
    """Write down attempt `number` before its command leaves; False when it must not leave after all.

    Everything is looked at again under the row's lock: that the claim still holds, that the order is still open,
    that the vehicle stands.
    """
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or not job.state.is_open or job.claimed_by != worker or (job.claimed_until or at) <= at:
        return False
    claim = _claims(session, [job])[0]
    step = rules.next_step(claim.job, vehicle=claim.vehicle, readings=own_readings(claim), at=at, timing=timing)
    if step != rules.Send(number):
        return False
    session.add(ImmobilizationAttempt(job_id=job_id, number=number, started_at=at, ttl_s=timing.command_ttl_s))
    job.state, job.waiting_for = JobState.SENDING, "the gateway to answer"
    job.started_at = job.started_at or at
    _tell(
        session,
        job,
        actor=actor,
        at=at,
        action="attempt_begun",
        number=number,
        policy=rules.POLICY_VERSION,
        inputs=claim.vehicle.as_inputs(),
    )
    return True


@needs("access:deliver")
def record_answer(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    job_id: uuid.UUID,
    number: int,
    outcome: Outcome,
    answer: str,
) -> None:
    """Write down what is known of an attempt, by the gateway's answer or by its log."""
    job = session.get_one(Job, job_id, with_for_update=True)
    attempt = session.get_one(ImmobilizationAttempt, (job_id, number))
    if attempt.outcome in {Outcome.ACCEPTED, Outcome.REFUSED}:
        return  # the gateway's own answer came first and stands
    attempt.answered_at, attempt.outcome, attempt.answer = at, outcome, answer
    if job.state is JobState.SENDING:
        job.state = JobState.SENT
        job.waiting_for = "the vehicle to confirm"
    _tell(
        session,
        job,
        actor=actor,
        at=at,
        action="attempt_answered",
        number=number,
        outcome=outcome,
        answer=answer,
    )


@needs("access:deliver")
def note_waiting(
    session: Writer, *, actor: Actor, at: datetime, worker: str, job_id: uuid.UUID, waiting_for: str
) -> None:
    """Say what the order is waiting for, for those who watch."""
    job = session.get_one(Job, job_id, with_for_update=True)
    if job.state.is_open and job.claimed_by == worker and job.waiting_for != waiting_for:
        job.waiting_for = waiting_for
        outbox.publish(session, "access.job_changed", at=at, job_id=str(job.id), vehicle_id=job.vehicle_id)


@needs("access:deliver")
def conclude(
    session: Writer, *, actor: Actor, at: datetime, worker: str, job_id: uuid.UUID, finish: rules.Finish
) -> None:
    """Write the verdict, unless somebody else has meanwhile."""
    job = session.get_one(Job, job_id, with_for_update=True)
    if not job.state.is_open or job.claimed_by != worker:
        return
    if finish.proof is not None:
        job.evidence = {
            "relay_on": finish.proof.relay_on,
            "received_at": finish.proof.received_at.isoformat(),
            "source": finish.proof.source,
        }
    _finish(session, job, actor=actor, at=at, state=finish.state, verdict=finish.verdict)


def own_readings(claim: Claim) -> list[rules.RelayReading]:
    """What the vehicle itself last told us of its relay, as of the earlier of its clock and ours.

    A record that was buffered on the way is as old as the device says, however freshly it arrived.
    """
    vehicle = claim.vehicle
    if vehicle.relay_on is None or vehicle.relay_ts is None or vehicle.relay_received_at is None:
        return []
    told_at = min(vehicle.relay_ts + rules.whole_second_grace(claim.job.kind), vehicle.relay_received_at)
    return [rules.RelayReading(vehicle.relay_on, told_at, "telemetry")]


def _get_vehicle(session: Writer, actor: Actor, vehicle_id: int) -> vehicles.VehicleRecord:
    """The vehicle, for an actor who may order but perhaps not read the registry."""
    vehicles.check_sight(session.connection(), viewer=actor, vehicle_id=vehicle_id)
    return vehicles.get_vehicle(session.connection(), viewer=ORDERS, vehicle_id=vehicle_id)


def _lock_orders(session: Writer, vehicle_id: int) -> None:
    # Taken before any job row of the vehicle, so orders for one vehicle come one after another.
    take_transaction_lock(session, f"access:{vehicle_id}")


def _find_open(session: Writer, vehicle_id: int) -> Job | None:
    return session.scalars(
        sa.select(Job).where(Job.vehicle_id == vehicle_id, OPEN).order_by(sa.desc(Job.kind)).with_for_update()
    ).first()


def _open_job(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    kind: OrderKind,
    method: str,
    reason: Reason,
    note: str,
    expires_at: datetime,
    quiet_after: datetime | None = None,
) -> uuid.UUID:
    job = Job(
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
        quiet_after=quiet_after,
    )
    session.add(job)
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action=f"access.{kind}_ordered",
        subject=("immobilization", job.id),
        vehicle_id=vehicle_id,
        method=method,
        reason=reason,
        note=note,
    )
    outbox.publish(session, "access.job_ordered", at=at, job_id=str(job.id), vehicle_id=vehicle_id)
    return job.id


def _last_lock_dies_at(session: Writer, vehicle_id: int) -> datetime | None:
    """When the last lock command that may still be on its way has died, however slowly it was taken in.

    The only command of a confirmed lock is not on its way any more: it arrived.
    """
    attempt = ImmobilizationAttempt
    longest_s = attempt.ttl_s + REQUEST_TIMEOUT_S
    dies_at = attempt.started_at + sa.func.make_interval(0, 0, 0, 0, 0, 0, longest_s)
    arrived = sa.and_(Job.state == JobState.CONFIRMED, attempt.number == 1, ~_has_second_attempt())
    result: datetime | None = session.execute(
        sa.select(sa.func.max(dies_at))
        .join(Job, Job.id == attempt.job_id)
        .where(Job.vehicle_id == vehicle_id, Job.kind == OrderKind.IMMOBILIZE, ~arrived)
    ).scalar()
    return result


def _has_second_attempt() -> sa.ColumnElement[bool]:
    second = aliased(ImmobilizationAttempt)
    return sa.exists().where(second.job_id == Job.id, second.number == 2)


def _claims(session: Writer, jobs: Sequence[Job]) -> list[Claim]:
    attempts = _attempts(session, [job.id for job in jobs])
    trackers = _by_vehicle(session, sa.select(Tracker.__table__), Tracker.vehicle_id, jobs)
    latest = _by_vehicle(session, sa.select(states), states.c.vehicle_id, jobs)
    return [
        Claim(
            job_id=job.id,
            vehicle_id=job.vehicle_id,
            device_uid=trackers[job.vehicle_id].device_uid,
            relay_output=trackers[job.vehicle_id].relay_output,
            relay_inverted=trackers[job.vehicle_id].relay_inverted,
            waiting_for=job.waiting_for,
            job=rules.Job(
                kind=job.kind,
                ordered_at=job.ordered_at,
                expires_at=job.expires_at,
                started_at=job.started_at,
                quiet_after=job.quiet_after,
                attempts=attempts.get(job.id, ()),
            ),
            vehicle=_vehicle_now(latest.get(job.vehicle_id)),
        )
        for job in jobs
    ]


def _attempts(session: Writer, job_ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[rules.Attempt, ...]]:
    found: dict[uuid.UUID, tuple[rules.Attempt, ...]] = {}
    query = (
        sa.select(ImmobilizationAttempt)
        .where(ImmobilizationAttempt.job_id.in_(job_ids))
        .order_by(ImmobilizationAttempt.number)
    )
    for row in session.scalars(query):
        attempt = rules.Attempt(row.number, row.started_at, row.ttl_s, row.outcome)
        found[row.job_id] = (*found.get(row.job_id, ()), attempt)
    return found


def _by_vehicle(
    session: Writer,
    query: sa.Select[tuple[object, ...]],
    key: sa.ColumnElement[int] | InstrumentedAttribute[int],
    jobs: Sequence[Job],
) -> dict[int, sa.Row[tuple[object, ...]]]:
    rows = session.execute(query.where(key.in_([job.vehicle_id for job in jobs])))
    return {row.vehicle_id: row for row in rows}


def _vehicle_now(row: sa.Row[tuple[object, ...]] | None) -> rules.VehicleNow:
    if row is None:
        return rules.VehicleNow()
    return rules.VehicleNow(**{name: getattr(row, name) for name in rules.VehicleNow.__slots__})


def _finish(session: Writer, job: Job, *, actor: Actor, at: datetime, state: JobState, verdict: str) -> None:
    job.state, job.verdict, job.finished_at = state, verdict, at
    job.waiting_for, job.claimed_by, job.claimed_until = None, None, None
    _tell(session, job, actor=actor, at=at, action=state, verdict=verdict, evidence=job.evidence)


def _tell(session: Writer, job: Job, *, actor: Actor, at: datetime, action: str, **detail: object) -> None:
    """One step: its audit entry and its fact, in the transaction of the step itself."""
    audit.record(
        session,
        actor=actor,
        at=at,
        action=f"access.{job.kind}_{action}",
        subject=("immobilization", job.id),
        vehicle_id=job.vehicle_id,
        **detail,
    )
    finished = "access.job_changed" if job.state.is_open else "access.job_finished"
    outbox.publish(session, finished, at=at, job_id=str(job.id), vehicle_id=job.vehicle_id)
