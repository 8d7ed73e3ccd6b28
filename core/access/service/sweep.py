"""What time alone does to orders, and to all of them together."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.access.models import ImmobilizationJob as Job
from core.access.models import JobState, OrderKind
from core.access.service.limits import count_traffic, hold_count, trip_if_share_is_reached
from core.access.service.verdict import finish
from core.config import AccessLimits
from core.db import Writer
from core.permissions import Actor, needs


@needs("access:advance")
def expire_requests(session: Writer, *, actor: Actor, at: datetime, most: int = 100) -> int:
    """Give up the orders that nobody approved in time; returns how many. Done twice, it is done once."""
    jobs = session.scalars(
        sa.select(Job)
        .where(Job.state == JobState.REQUESTED, Job.expires_at <= at)
        .order_by(Job.expires_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for job in jobs:
        words = "Nobody approved it in time. No command was sent. Order it again, and tell who may approve it."
        finish(session, job, actor=actor, at=at, state=JobState.EXPIRED, verdict=words)
    return len(jobs)


@needs("access:advance")
def watch_share(session: Writer, *, actor: Actor, at: datetime, limits: AccessLimits) -> None:
    """Trip the breaker when as many vehicles as may be were locked within an hour, and armed locks wait for more."""
    waiting = sa.exists().where(Job.state == JobState.ARMED, Job.kind == OrderKind.IMMOBILIZE)
    if session.scalar(sa.select(waiting)):
        hold_count(session)
        traffic = count_traffic(session, at=at)
        trip_if_share_is_reached(session, actor=actor, at=at, traffic=traffic, limits=limits)
