"""Drivers who may not drive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.access.models import DriverStanding
from core.db import Reader
from core.drivers.models import AccessStatus, Assignment, Driver
from core.inbox.rules.catalog import Severity
from core.inbox.rules.claims import Claim, Said

_WORDS = {AccessStatus.SUSPENDED: "suspended", AccessStatus.LOCKED_OUT: "locked out"}


def read(reader: Reader, at: datetime) -> Said:
    """Who is suspended or locked out, louder while they still have a vehicle; and lock-outs that wait for a review."""
    barred: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Driver.id,
            Driver.park_id,
            DriverStanding.status,
            DriverStanding.since,
            DriverStanding.reasons,
            Assignment.vehicle_id,
        )
        .join(Driver, Driver.id == DriverStanding.driver_id)
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
        .where(DriverStanding.status.in_(_WORDS))
    )
    rows = reader.execute(barred).all()
    return Said(claims=tuple(_claim(row) for row in rows))


def _claim(row: Any) -> Claim:
    waits = any(reason["rule"] == "review_pending" for reason in row.reasons)
    has_vehicle = row.vehicle_id is not None
    status = _WORDS[row.status]
    return Claim(
        kind="driver_review" if waits else "driver_barred",
        key=str(row.id),
        park_id=row.park_id,
        driver_id=row.id,
        vehicle_id=row.vehicle_id,
        happened_at=row.since,
        severity=Severity.ACT if has_vehicle and not waits else None,
        detail={"status": f"{status} and still has a vehicle" if has_vehicle else status},
    )
