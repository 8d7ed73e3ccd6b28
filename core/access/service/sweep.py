"""How much was locked, looked at also while no lock tries to leave."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.access.models import ImmobilizationJob as Job
from core.access.models import JobState, OrderKind
from core.access.service.limits import count_traffic, hold_count, trip_if_share_is_reached
from core.config import AccessLimits
from core.db import Writer
from core.permissions import Actor, needs


@needs("access:advance")
def watch_share(session: Writer, *, actor: Actor, at: datetime, limits: AccessLimits) -> None:
    """Trip the breaker when as many vehicles as may be were locked within an hour, and armed locks wait for more."""
    waiting = sa.exists().where(Job.state == JobState.ARMED, Job.kind == OrderKind.IMMOBILIZE)
    if session.scalar(sa.select(waiting)):
        hold_count(session)
        traffic = count_traffic(session, at=at)
        trip_if_share_is_reached(session, actor=actor, at=at, traffic=traffic, limits=limits)
