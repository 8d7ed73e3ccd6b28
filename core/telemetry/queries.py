"""Every read of telemetry, within the parks of the viewer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.errors import Forbidden
from core.permissions import Actor
from core.telemetry.models import MEASURED, Refusal, points, states
from core.vehicles import queries as vehicles
from core.vehicles.models import Vehicle

POINT_COLUMNS = ("ts", "received_at", *MEASURED)
# LIMIT stands in the text: bound as a parameter it keeps PostgreSQL from the generic plan, and every
# partition is planned anew at each call (measured: twice the time).
_LAST = {
    most: sa.select(*(points.c[name] for name in POINT_COLUMNS))
    .where(points.c.vehicle_id == sa.bindparam("vehicle_id"))
    .order_by(points.c.ts.desc())
    .limit(sa.literal_column(str(most)))
    for most in (10, 100, 1000)
}


def list_last_points(reader: Reader, *, viewer: Actor, vehicle_id: int, most: int) -> list[dict[str, Any]]:
    """The newest `most` points (1 to 1000) of one vehicle by device time, newest first. Needs telemetry:read."""
    viewer.require("telemetry:read")
    vehicles.check_sight(reader, viewer=viewer, vehicle_id=vehicle_id)
    size = next(size for size in _LAST if most <= size)
    rows = reader.execute(_LAST[size], {"vehicle_id": vehicle_id}).fetchmany(most)
    return [dict(zip(POINT_COLUMNS, row, strict=True)) for row in rows]


STATE_COLUMNS = (
    "vehicle_id",
    "ts",
    "received_at",
    *MEASURED,
    "fix_ts",
    "standing_since",
    "relay_ts",
    "relay_received_at",
)
_STATES = sa.select(*(states.c[name] for name in STATE_COLUMNS)).where(states.c.ts.is_not(None))


def list_states(
    reader: Reader, *, viewer: Actor, vehicle_ids: Iterable[int] | None = None
) -> dict[int, dict[str, Any]]:
    """The latest state of each vehicle that has ever reported, by vehicle id. Needs telemetry:read."""
    viewer.require("telemetry:read")
    query = _STATES
    if viewer.parks is not None:
        query = query.join(Vehicle, Vehicle.id == states.c.vehicle_id).where(Vehicle.park_id.in_(viewer.parks))
    if vehicle_ids is not None:
        query = query.where(states.c.vehicle_id.in_(list(vehicle_ids)))
    return {row.vehicle_id: dict(zip(STATE_COLUMNS, row, strict=True)) for row in reader.execute(query)}


def list_own_states(reader: Reader, *, viewer: Actor, vehicle_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The latest state of vehicles that are the viewer's own. Needs telemetry:read_own."""
    viewer.require("telemetry:read_own")
    wanted = set(vehicle_ids)
    if not wanted <= viewer.assets:
        raise Forbidden("Only the telemetry of your own vehicles can be read here.")
    rows = reader.execute(_STATES.where(states.c.vehicle_id.in_(wanted)))
    return {row.vehicle_id: dict(zip(STATE_COLUMNS, row, strict=True)) for row in rows}


def list_intake(reader: Reader, *, viewer: Actor, after_id: int = 0, most: int = 1000) -> list[dict[str, Any]]:
    """How many points of each vehicle came in, were stored, were duplicates, were refused. Needs telemetry:read."""
    viewer.require("telemetry:read")
    counts = ("received_count", "stored_count", "duplicate_count", "refused_count")
    query = (
        sa.select(states.c.vehicle_id, *(states.c[name] for name in counts))
        .join(Vehicle, Vehicle.id == states.c.vehicle_id)
        .where(states.c.vehicle_id > after_id)
        .order_by(states.c.vehicle_id)
        .limit(most)
    )
    if viewer.parks is not None:
        query = query.where(Vehicle.park_id.in_(viewer.parks))
    return plain_rows(reader.execute(query))


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
