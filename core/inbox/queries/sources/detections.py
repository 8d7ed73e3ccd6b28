"""What was detected and wants somebody: of the last days, one item for each vehicle and kind, or code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.events.models import Detection
from core.inbox.rules.claims import Claim, Said
from core.vehicles.models import Vehicle

# What was detected -> the kind of item.
KIND_OF: Mapping[str, str] = {
    "towing": "towing",
    "unplugged": "unplugged",
    "fuel_drop": "fuel_drop",
    "odometer_rollback": "odometer_rollback",
    "dtc": "trouble_code",
}
LOOK_BACK = timedelta(days=3)


def read(reader: Reader, at: datetime) -> Said:
    """The newest detection of each vehicle, kind and subject since then that was not taken back."""
    since = at - LOOK_BACK
    newest: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Detection.kind,
            Detection.vehicle_id,
            Detection.subject,
            Vehicle.park_id,
            sa.func.max(Detection.started_at).label("started_at"),
        )
        .join(Vehicle, Vehicle.id == Detection.vehicle_id)
        .where(Detection.started_at >= since, Detection.kind.in_(KIND_OF), Detection.withdrawn_at.is_(None))
        .group_by(Detection.kind, Detection.vehicle_id, Detection.subject, Vehicle.park_id)
    )
    return Said(claims=tuple(_claim(row) for row in reader.execute(newest)), since=since)


def _claim(row: Any) -> Claim:
    is_code = row.kind == "dtc"
    return Claim(
        kind=KIND_OF[row.kind],
        key=f"{row.vehicle_id}:{row.subject}" if row.subject else str(row.vehicle_id),
        park_id=row.park_id,
        vehicle_id=row.vehicle_id,
        happened_at=row.started_at,
        detail={"code": row.subject} if is_code else {},
    )
