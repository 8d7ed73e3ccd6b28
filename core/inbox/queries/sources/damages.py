"""Damage of vehicles that is not mended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models.handovers import Damage, DamageSeverity, Handover
from core.inbox.rules.catalog import Severity
from core.inbox.rules.claims import Claim, Said
from core.vehicles.models import Vehicle

# From what is to be lived with to what is not to be driven with.
_LOUDNESS: Mapping[DamageSeverity, Severity] = {
    DamageSeverity.MINOR: Severity.NOTE,
    DamageSeverity.MODERATE: Severity.LOOK,
    DamageSeverity.SEVERE: Severity.ACT,
}
_ORDER = tuple(_LOUDNESS)


def read(reader: Reader, at: datetime) -> Said:
    """The vehicles with damage that both have signed for, one item for each, as loud as the worst of it."""
    rank = sa.case({severity: place for place, severity in enumerate(_ORDER)}, value=Damage.severity)
    damaged: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Damage.vehicle_id,
            Vehicle.park_id,
            sa.func.count().label("damages"),
            sa.func.max(rank).label("worst"),
            sa.func.max(Damage.found_at).label("found_at"),
        )
        .join(Handover, Handover.id == Damage.handover_id)
        .join(Vehicle, Vehicle.id == Damage.vehicle_id)
        .where(Damage.mended_at.is_(None), Handover.signed_at.is_not(None))
        .group_by(Damage.vehicle_id, Vehicle.park_id)
    )
    return Said(
        claims=tuple(
            Claim(
                kind="damage",
                key=str(row.vehicle_id),
                park_id=row.park_id,
                vehicle_id=row.vehicle_id,
                happened_at=row.found_at,
                severity=_LOUDNESS[_ORDER[row.worst]],
                detail={"count": row.damages, "worst": _ORDER[row.worst].value},
            )
            for row in reader.execute(damaged)
        )
    )
