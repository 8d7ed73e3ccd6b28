"""Mileage: what is fused, and what people read off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.permissions import Actor
from core.telemetry.models import MileageReading, heads
from core.vehicles import queries as vehicles


def find_mileage(reader: Reader, *, viewer: Actor, vehicle_id: int) -> dict[str, Any] | None:
    """The fused mileage: `mileage_m`, `mileage_ts` and `mileage_method` (odometer, gps, reading). Needs telemetry:read.

    None while nothing was ever told of it.
    """
    vehicles.check_sight(reader, viewer=viewer, permission="telemetry:read", vehicle_id=vehicle_id)
    columns = (heads.c.mileage_m, heads.c.mileage_ts, heads.c.mileage_method)
    query = sa.select(*columns).where(heads.c.vehicle_id == vehicle_id, heads.c.mileage_m.is_not(None))
    return next(iter(plain_rows(reader.execute(query))), None)


def list_mileage_readings(
    reader: Reader, *, viewer: Actor, vehicle_id: int, before: datetime | None = None, most: int = 100
) -> list[dict[str, Any]]:
    """The newest `most` readings people made of one vehicle (before a moment), newest first. Needs telemetry:read."""
    vehicles.check_sight(reader, viewer=viewer, permission="telemetry:read", vehicle_id=vehicle_id)
    query = (
        sa.select(MileageReading.__table__)
        .where(MileageReading.vehicle_id == vehicle_id)
        .order_by(MileageReading.read_at.desc())
        .limit(most)
    )
    if before is not None:
        query = query.where(MileageReading.read_at < before)
    return plain_rows(reader.execute(query))
