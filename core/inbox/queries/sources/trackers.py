"""Vehicles in use that are not heard of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.inbox.rules.catalog import Severity
from core.inbox.rules.claims import Claim, Said
from core.telemetry.models import states
from core.vehicles.models import Tracker, Vehicle, VehicleStatus

SILENT_AFTER = timedelta(hours=6)
LOST_AFTER = timedelta(hours=24)
_IN_USE = (VehicleStatus.AVAILABLE, VehicleStatus.RENTED)


def read(reader: Reader, at: datetime) -> Said:
    """The vehicles in use whose tracker last reported more than 6 hours ago; louder after 24."""
    silent: sa.Select[*tuple[Any, ...]] = (
        sa.select(Vehicle.id, Vehicle.park_id, states.c.ts)
        .join(Tracker, Tracker.vehicle_id == Vehicle.id)
        .join(states, states.c.vehicle_id == Vehicle.id)
        .where(Vehicle.status.in_(_IN_USE), states.c.ts < at - SILENT_AFTER)
    )
    return Said(
        claims=tuple(
            Claim(
                kind="tracker_silent",
                key=str(row.id),
                park_id=row.park_id,
                vehicle_id=row.id,
                happened_at=row.ts,
                severity=Severity.ACT if row.ts < at - LOST_AFTER else Severity.LOOK,
            )
            for row in reader.execute(silent)
        )
    )
