"""Orders to vehicles that want somebody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from core.access.models import ImmobilizationJob as Job
from core.access.models import JobState
from core.db import Reader
from core.inbox.rules.claims import Claim, Said
from core.vehicles.models import Vehicle

LOOK_BACK = timedelta(days=30)


def read_failed(reader: Reader, at: datetime) -> Said:
    """The vehicles whose newest order failed, or expired: one item for each."""
    newest = (
        sa.select(Job.vehicle_id, Vehicle.park_id, Job.kind, Job.state, Job.finished_at, Job.id)
        .ext(distinct_on(Job.vehicle_id))
        .join(Vehicle, Vehicle.id == Job.vehicle_id)
        .where(Job.ordered_at >= at - LOOK_BACK)
        .order_by(Job.vehicle_id, Job.ordered_at.desc(), Job.kind.desc())
    )
    rows = reader.execute(newest).all()
    return Said(claims=tuple(_failed(row) for row in rows if row.state in {JobState.FAILED, JobState.EXPIRED}))


def _failed(row: Any) -> Claim:
    return Claim(
        kind="lock_failed",
        key=str(row.vehicle_id),
        park_id=row.park_id,
        vehicle_id=row.vehicle_id,
        happened_at=row.finished_at,
        detail={"order": str(row.kind), "state": str(row.state), "job_id": str(row.id)},
    )


def read_reviews(reader: Reader, at: datetime) -> Said:
    """The locks by break-glass that have ended and that nobody has reviewed."""
    open_reviews: sa.Select[*tuple[Any, ...]] = (
        sa.select(Job.id, Job.vehicle_id, Vehicle.park_id, Job.finished_at)
        .join(Vehicle, Vehicle.id == Job.vehicle_id)
        .where(Job.is_break_glass, Job.reviewed_at.is_(None), Job.finished_at.is_not(None))
    )
    return Said(
        claims=tuple(
            Claim(
                kind="lock_review",
                key=str(row.id),
                park_id=row.park_id,
                vehicle_id=row.vehicle_id,
                happened_at=row.finished_at,
                detail={"job_id": str(row.id)},
            )
            for row in reader.execute(open_reviews)
        )
    )
