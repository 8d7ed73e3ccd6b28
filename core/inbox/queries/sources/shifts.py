"""Weekly shifts that could not be made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import DayOutcome, ShiftDay, ShiftPattern
from core.inbox.rules.claims import Claim, Said
from core.vehicles.models import Park


def read(reader: Reader, at: datetime) -> Said:
    """The days of running patterns, from the park's today on, of which no shift could be made."""
    today = sa.cast(sa.func.timezone(Park.time_zone, sa.literal(at, sa.DateTime(timezone=True))), sa.Date)
    refused: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            ShiftDay.pattern_id,
            ShiftDay.day,
            ShiftPattern.park_id,
            ShiftPattern.vehicle_id,
            ShiftPattern.driver_id,
        )
        .join(ShiftPattern, ShiftPattern.id == ShiftDay.pattern_id)
        .join(Park, Park.id == ShiftPattern.park_id)
        .where(ShiftDay.outcome == DayOutcome.REFUSED, ShiftPattern.ended_at.is_(None), ShiftDay.day >= today)
    )
    return Said(
        claims=tuple(
            Claim(
                kind="shift_refused",
                key=f"{row.pattern_id}:{row.day}",
                park_id=row.park_id,
                vehicle_id=row.vehicle_id,
                driver_id=row.driver_id,
                detail={"day": f"{row.day:%-d %B}", "pattern_id": row.pattern_id},
            )
            for row in reader.execute(refused)
        )
    )
