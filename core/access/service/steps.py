"""The steps of carrying an order out, each in a transaction of its own: claim, attempt, answer, verdict."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import outbox
from core.access import rules
from core.access.models import LIVE_STATES, ImmobilizationAttempt, JobState, OrderKind, Outcome
from core.access.models import ImmobilizationJob as Job
from core.access.service.brakes import read_brakes
from core.access.service.claims import Claim, own_readings, read_claims
from core.access.service.limits import count_traffic, hold_count, trip_if_in_doubt, trip_if_share_is_reached
from core.access.service.verdict import finish as write_verdict
from core.access.service.verdict import tell
from core.config import AccessLimits, AccessTiming
from core.db import Writer
from core.permissions import Actor, needs


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
        .where(Job.state.in_(LIVE_STATES), free)
        .order_by(sa.desc(Job.kind), Job.ordered_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for job in jobs:
        job.claimed_by, job.claimed_until = worker, at + timedelta(seconds=timing.claim_s)
    return read_claims(session, jobs, at=at, traffic=count_traffic(session, at=at))


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
    limits: AccessLimits,
) -> bool:
    """Write down attempt `number` before its command leaves; False when it must not leave after all.

    Everything is looked at again under the row's lock: that the claim still holds, that the order is still open, that
    the policy lets it go; and, under the lock of the count, that no limit is broken by it.
    """
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or not job.state.is_open or job.claimed_by != worker or (job.claimed_until or at) <= at:
        return False
    claim = read_claims(session, [job], at=at, traffic=None, hold_debts=True)[0]
    inputs = claim.inputs
    if inputs is not None and job.started_at is None:
        inputs = _count(session, inputs, actor=actor, at=at, limits=limits)
    step = rules.next_step(claim.job, inputs=inputs, readings=own_readings(claim), at=at, timing=timing, limits=limits)
    if step != rules.Send(number):
        return False
    decision = None
    if inputs is not None:
        decision = rules.decide(inputs, at=at, timing=timing, limits=limits).as_record(inputs, at=at)
    session.add(
        ImmobilizationAttempt(
            job_id=job_id, number=number, started_at=at, ttl_s=timing.command_ttl_s, decision=decision
        )
    )
    job.state, job.waiting_for = JobState.SENDING, "the gateway to answer"
    if job.started_at is None:
        job.started_at = at
        if job.kind is OrderKind.IMMOBILIZE:
            job.expires_at = at + timedelta(seconds=timing.verdict_by_s)
    tell(session, job, actor=actor, at=at, action="attempt_begun", number=number, decision=decision)
    return True


def _count(
    session: Writer, inputs: rules.PolicyInputs, *, actor: Actor, at: datetime, limits: AccessLimits
) -> rules.PolicyInputs:
    """The same inputs with the locks that have left; nobody else counts until this one has left or not.

    The brakes are read again: one may have been put on while this one waited for its turn to count.
    """
    hold_count(session)
    traffic = count_traffic(session, at=at)
    trip_if_share_is_reached(session, actor=actor, at=at, traffic=traffic, limits=limits)
    return replace(inputs, traffic=traffic, brakes=read_brakes(session))


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
    tell(
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
    session: Writer, *, actor: Actor, at: datetime, worker: str, waiting_for: Mapping[uuid.UUID, str]
) -> None:
    """Say what each of these orders is waiting for, for those who watch. Orders in other hands are passed over."""
    mine = sa.and_(Job.id.in_(waiting_for), Job.state.in_(LIVE_STATES), Job.claimed_by == worker)
    for job in session.scalars(sa.select(Job).where(mine).with_for_update(skip_locked=True)):
        if job.waiting_for != waiting_for[job.id]:
            job.waiting_for = waiting_for[job.id]
            outbox.publish(session, "access.job_changed", at=at, job_id=str(job.id), vehicle_id=job.vehicle_id)


@needs("access:deliver")
def conclude(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    worker: str,
    job_id: uuid.UUID,
    finish: rules.Finish,
    limits: AccessLimits,
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
    is_failed_lock = finish.state is JobState.FAILED and job.kind is OrderKind.IMMOBILIZE
    if is_failed_lock:
        hold_count(session)
    write_verdict(session, job, actor=actor, at=at, state=finish.state, verdict=finish.verdict)
    if is_failed_lock:
        trip_if_in_doubt(session, actor=actor, at=at, limits=limits)
