"""A warning has reached the driver: they opened its page, or somebody called them."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.access.models import Channel, JobState, Notice
from core.access.models import ImmobilizationJob as Job
from core.access.service.held import check_words, hold_job, hold_orders
from core.access.service.verdict import tell
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Conflict
from core.permissions import Actor, needs


@needs("access:start_own")
def note_read(session: Writer, *, actor: Actor, at: datetime) -> int:
    """The driver opened the page that tells the warnings of their vehicle; returns how many were new to them."""
    waiting = (
        sa.select(Job.id, Job.vehicle_id)
        .join(Notice, Notice.job_id == Job.id)
        .join(Driver, Driver.id == Notice.driver_id)
        .where(
            Driver.user_id == actor.id,
            Job.state == JobState.NOTIFIED,
            Notice.channel == Channel.APP,
            Notice.told_at.is_(None),
        )
    )
    count = 0
    for job_id, vehicle_id in session.execute(waiting.distinct().order_by(Job.vehicle_id)).all():
        hold_orders(session, vehicle_id)
        job = session.get_one(Job, job_id, with_for_update=True)
        count += _note_own(session, job, actor=actor, at=at)
    return count


def _note_own(session: Writer, job: Job, *, actor: Actor, at: datetime) -> int:
    if job.state is not JobState.NOTIFIED:
        return 0
    told = session.scalars(
        sa.update(Notice)
        .where(Notice.job_id == job.id, Notice.channel == Channel.APP, Notice.told_at.is_(None))
        .values(told_at=at, told_by=actor.name)
        .returning(Notice.warning)
    ).all()
    job.look_at = at
    for warning in sorted(told):
        tell(session, job, actor=actor, at=at, action="warning_told", warning=warning, channel="app")
    return len(told)


@needs("access:release")
def note_called(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, job_id: uuid.UUID, words: str) -> None:
    """Note that the office called the driver and told them the warning that is due; `words` say what was said.

    Raises Conflict when no warning is being told now, or when that call was noted already.
    """
    check_words("words", words)
    job = hold_job(session, actor=actor, permission="access:release", vehicle_id=vehicle_id, job_id=job_id)
    if job.state is not JobState.NOTIFIED:
        raise Conflict(f"No warning is to be told of it (any more): it is {job.state}.", job_id=str(job_id))
    due = session.scalar(sa.select(sa.func.max(Notice.warning)).where(Notice.job_id == job_id))
    if due is None:
        raise Conflict("Its first warning has not begun yet. Call the driver in a minute.", job_id=str(job_id))
    new = insert(Notice).values(
        job_id=job_id,
        driver_id=job.driver_id,
        warning=due,
        channel=Channel.PHONE,
        words=words.strip(),
        begun_at=at,
        told_at=at,
        told_by=actor.name,
    )
    noted = session.execute(new.on_conflict_do_nothing().returning(Notice.id)).scalar()
    if noted is None:
        raise Conflict(f"A call about warning {due} was noted already. Wait for the next one.", job_id=str(job_id))
    job.look_at = at
    tell(
        session,
        job,
        actor=actor,
        at=at,
        action="warning_told",
        warning=due,
        channel="phone",
        words=words.strip(),
    )
