"""The second person: to approve an order, to decline it, and to review one that could not wait for them."""

from __future__ import annotations

import uuid
from datetime import datetime

from core import outbox
from core.access.models import Finding, JobState
from core.access.models import ImmobilizationJob as Job
from core.access.rules import find_objection
from core.access.service.arming import set_out
from core.access.service.fairness import read_fairness
from core.access.service.held import check_words, device_of, hold_job
from core.access.service.verdict import finish, tell
from core.config import AccessTiming
from core.db import Writer
from core.errors import Conflict, Forbidden
from core.permissions import Actor, needs


@needs("access:approve")
def approve(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    job_id: uuid.UUID,
    note: str = "",
    timing: AccessTiming,
) -> None:
    """Approve a lock that another person has ordered: the driver is told where the law asks for it, or it is armed.

    Raises Forbidden to who ordered it and to machines, Conflict when it does not wait for an approval (any more) or
    has become unfair meanwhile.
    """
    job = hold_job(session, actor=actor, permission="access:approve", vehicle_id=vehicle_id, job_id=job_id)
    _check_waiting(job, at)
    _check_second_person(job, actor, "approve")
    device_uids = {vehicle_id: device_of(session, vehicle_id)}
    fairness = read_fairness(session, [job], device_uids=device_uids, at=at, hold_debts=True)[job.id]
    if (objection := find_objection(fairness, at=at)) is not None:
        raise Conflict(f"It cannot be approved any more. {objection} Decline it.", job_id=str(job_id))
    job.approved_by_kind, job.approved_by_id, job.approved_by, job.approved_at = actor.kind, actor.id, actor.name, at
    tell(session, job, actor=actor, at=at, action="approved", note=note.strip())
    set_out(session, job, fairness=fairness, actor=actor, at=at, timing=timing)
    # Like a new order: whoever carries orders out is woken.
    outbox.publish(session, "access.job_ordered", at=at, job_id=str(job.id), vehicle_id=vehicle_id)


@needs("access:approve")
def decline(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, job_id: uuid.UUID, note: str) -> None:
    """Say no to a lock that another person has ordered. Raises Conflict when it does not wait for an approval."""
    check_words("note", note)
    job = hold_job(session, actor=actor, permission="access:approve", vehicle_id=vehicle_id, job_id=job_id)
    _check_waiting(job, at)
    words = f"Declined by {actor.name}: {note.strip()}"
    finish(session, job, actor=actor, at=at, state=JobState.CANCELLED, verdict=words)


@needs("access:review")
def review(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    job_id: uuid.UUID,
    finding: Finding,
    note: str,
) -> None:
    """Say afterwards whether a lock by break-glass was justified. Raises Conflict when there is nothing to review
    (yet), Forbidden to who ordered it.
    """
    check_words("note", note)
    job = hold_job(session, actor=actor, permission="access:review", vehicle_id=vehicle_id, job_id=job_id)
    if not job.is_break_glass:
        raise Conflict("It had its second person before; only orders by break-glass are reviewed.", job_id=str(job_id))
    if job.state.is_open:
        raise Conflict("It is still on its way. Cancel it or release the vehicle, and review it then.")
    if job.reviewed_at is not None:
        raise Conflict(f"{job.reviewed_by} has reviewed it already: {job.finding}.", job_id=str(job_id))
    _check_second_person(job, actor, "review")
    job.reviewed_by, job.reviewed_at, job.finding, job.review_note = actor.name, at, finding, note.strip()
    tell(session, job, actor=actor, at=at, action="reviewed", finding=finding, note=note.strip())


def _check_waiting(job: Job, at: datetime) -> None:
    if job.state is not JobState.REQUESTED:
        raise Conflict(f"It does not wait for an approval (any more): it is {job.state}.", job_id=str(job.id))
    if at >= job.expires_at:
        raise Conflict("Nobody approved it in time. Order it again.", job_id=str(job.id))


def _check_second_person(job: Job, actor: Actor, what: str) -> None:
    if actor.kind != "user":
        raise Forbidden(f"Only a person may {what} a lock. Ask one who has the right to.")
    if (job.ordered_by_kind, job.ordered_by_id) == (actor.kind, actor.id):
        raise Forbidden(f"You ordered it, so somebody else must {what} it. Ask a colleague who has the right to.")
