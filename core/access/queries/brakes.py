"""The brakes that are on, and how near the limits are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.access.models import Brake, BrakeKind, OrderKind
from core.access.models import ImmobilizationJob as Job
from core.config import AccessLimits
from core.db import Reader
from core.permissions import Actor
from core.vehicles.models import Tracker


@dataclass(frozen=True, slots=True)
class BrakeRecord:
    """What stops all locks, or did: who put it on and why, and who lifted it."""

    kind: BrakeKind
    put_on_by: str
    put_on_at: datetime
    why: str
    lifted_by: str | None
    lifted_at: datetime | None
    lifted_why: str | None


@dataclass(frozen=True, slots=True)
class LockCounts:
    """How many locks have left, and how many may."""

    last_minute: int
    per_minute: int
    last_hour: int
    per_hour: int


_RECORD = sa.select(
    Brake.kind, Brake.put_on_by, Brake.put_on_at, Brake.why, Brake.lifted_by, Brake.lifted_at, Brake.lifted_why
)


def list_brakes(reader: Reader, *, viewer: Actor) -> list[BrakeRecord]:
    """The brakes that are on, the newest first. Needs access:read."""
    viewer.require("access:read")
    query = _RECORD.where(Brake.lifted_at.is_(None)).order_by(Brake.put_on_at.desc())
    return [BrakeRecord(*row) for row in reader.execute(query)]


def list_past_brakes(reader: Reader, *, viewer: Actor, most: int = 20) -> list[BrakeRecord]:
    """The brakes that were lifted, the newest first. Needs access:read."""
    viewer.require("access:read")
    query = _RECORD.where(Brake.lifted_at.is_not(None)).order_by(Brake.put_on_at.desc()).limit(most)
    return [BrakeRecord(*row) for row in reader.execute(query)]


def count_locks(reader: Reader, *, viewer: Actor, at: datetime, limits: AccessLimits) -> LockCounts:
    """How many locks have left within a minute, and of how many vehicles within an hour. Needs access:read."""
    viewer.require("access:read")
    minute, hour = reader.execute(
        sa.select(
            sa.func.count().filter(Job.started_at > at - timedelta(minutes=1)),
            sa.func.count(sa.distinct(Job.vehicle_id)),
        ).where(Job.kind == OrderKind.IMMOBILIZE, Job.started_at > at - timedelta(hours=1))
    ).one()
    fleet = reader.execute(sa.select(sa.func.count()).where(Tracker.relay_gateway.is_not(None))).scalar_one()
    return LockCounts(minute, limits.locks_per_min, hour, limits.per_hour(fleet))
