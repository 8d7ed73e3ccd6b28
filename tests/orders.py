"""Orders to lock, given by one person and approved by another, for tests that are about what comes after."""

from __future__ import annotations

import uuid
from datetime import datetime

from core.access import service
from core.access.models import Reason
from core.access.schemas import ImmobilizationOrder
from core.config import AccessLimits, AccessTiming
from core.db import Writer
from core.permissions import ADMIN, Actor

SECOND = Actor("user", 2**40, "Second Person", roles=frozenset({ADMIN}), parks=None)
# Limits that no test meets unless it is about them.
PLENTY = AccessLimits(
    locks_per_min=10_000,
    share_per_hour_percent=100,
    least_per_hour=10_000,
    breaker_orders_per_min=10_000,
    breaker_doubts=10_000,
)


def order_lock(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    order: ImmobilizationOrder | None = None,
    timing: AccessTiming | None = None,
) -> uuid.UUID:
    """Order a lock and let a second person approve it; returns the job's id."""
    timing = timing or AccessTiming()
    job_id = service.immobilize(
        session,
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        order=order or ImmobilizationOrder(reason=Reason.SAFETY_LOCKDOWN),
        timing=timing,
        limits=PLENTY,
    )
    approve(session, at=at, vehicle_id=vehicle_id, job_id=job_id, timing=timing)
    return job_id


def approve(
    session: Writer, *, at: datetime, vehicle_id: int, job_id: uuid.UUID, timing: AccessTiming | None = None
) -> None:
    """Let the second person approve it."""
    service.approve(session, actor=SECOND, at=at, vehicle_id=vehicle_id, job_id=job_id, timing=timing or AccessTiming())
