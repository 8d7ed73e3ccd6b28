"""What was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.permissions import Actor
from core.telemetry.models import Refusal
from core.vehicles import queries as vehicles


def count_refusals(reader: Reader, *, viewer: Actor, since: datetime) -> list[dict[str, Any]]:
    """Refused points since a moment by rule and source, most first. Needs health:read."""
    viewer.require("health:read")
    query = (
        sa.select(
            Refusal.rule,
            Refusal.source,
            sa.func.count().label("count"),
            sa.func.max(Refusal.detail).label("example"),
        )
        .where(Refusal.received_at >= since)
        .group_by(Refusal.rule, Refusal.source)
        .order_by(sa.func.count().desc())
    )
    return plain_rows(reader.execute(query))


def list_refusals(
    reader: Reader, *, viewer: Actor, vehicle_id: int | None = None, most: int = 100
) -> list[dict[str, Any]]:
    """The newest refused points: of one vehicle with telemetry:read, of all and of nobody with health:read."""
    query = sa.select(Refusal.__table__).order_by(Refusal.received_at.desc(), Refusal.id.desc()).limit(most)
    if vehicle_id is None:
        viewer.require("health:read")
    else:
        viewer.require("telemetry:read")
        vehicles.check_sight(reader, viewer=viewer, vehicle_id=vehicle_id)
        query = query.where(Refusal.vehicle_id == vehicle_id)
    return plain_rows(reader.execute(query))
