"""The latest states, and how many points came in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.db import Reader, plain_rows
from core.permissions import Actor
from core.telemetry.models import MEASURED, states
from core.telemetry.queries.subjects import is_readable
from core.vehicles.models import Vehicle

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
    if viewer.reach("telemetry:read").parks is not None:  # who reads everything does without the registry
        query = query.join(Vehicle, Vehicle.id == states.c.vehicle_id).where(is_readable(viewer))
    if vehicle_ids is not None:
        query = query.where(states.c.vehicle_id.in_(list(vehicle_ids)))
    return {row.vehicle_id: dict(zip(STATE_COLUMNS, row, strict=True)) for row in reader.execute(query)}


def list_states_by_id(
    reader: Reader, *, viewer: Actor, after_id: int = 0, changed_since: datetime | None = None, most: int = 1000
) -> list[dict[str, Any]]:
    """The latest states of the vehicles in sight, by vehicle id, after `after_id`. Needs telemetry:read.

    With `changed_since` only of those that reported something new after that moment, by our clock.
    """
    viewer.require("telemetry:read")
    query = (
        _STATES.join(Vehicle, Vehicle.id == states.c.vehicle_id)
        .where(states.c.vehicle_id > after_id, is_readable(viewer))
        .order_by(states.c.vehicle_id)
        .limit(most)
    )
    if changed_since is not None:
        query = query.where(states.c.arrived_at > changed_since)
    return [dict(zip(STATE_COLUMNS, row, strict=True)) for row in reader.execute(query)]


def list_heard_ids(reader: Reader, *, viewer: Actor, since: datetime) -> list[int]:
    """The vehicles in sight whose latest report is not older than `since`, by id. Needs telemetry:read."""
    viewer.require("telemetry:read")
    return _list_ids(reader, viewer, states.c.vehicle_id, states.c.ts >= since)


def list_ids_by_report(reader: Reader, *, viewer: Actor) -> list[int]:
    """The vehicles in sight that have ever reported, that of the oldest latest report first. Needs telemetry:read."""
    viewer.require("telemetry:read")
    return _list_ids(reader, viewer, states.c.ts, states.c.ts.is_not(None))


def _list_ids(reader: Reader, viewer: Actor, order: sa.ColumnElement[Any], which: sa.ColumnElement[bool]) -> list[int]:
    """As one array: a fleet of thousands is asked for its ids at each look at a list."""
    ids = postgresql.aggregate_order_by(states.c.vehicle_id, order)
    query = sa.select(sa.func.array_agg(ids)).where(which)
    if viewer.reach("telemetry:read").parks is not None:
        query = query.join(Vehicle, Vehicle.id == states.c.vehicle_id).where(is_readable(viewer))
    return list(reader.execute(query).scalar() or ())


def list_own_states(reader: Reader, *, viewer: Actor) -> dict[int, dict[str, Any]]:
    """The latest state of each of the viewer's own vehicles, by vehicle id. Needs telemetry:read_own."""
    viewer.require("telemetry:read_own")
    rows = reader.execute(_STATES.where(states.c.vehicle_id.in_(viewer.assets)))
    return {row.vehicle_id: dict(zip(STATE_COLUMNS, row, strict=True)) for row in rows}


def list_intake(reader: Reader, *, viewer: Actor, after_id: int = 0, most: int = 1000) -> list[dict[str, Any]]:
    """How many points of each vehicle came in, were stored, were duplicates, were refused. Needs telemetry:read."""
    viewer.require("telemetry:read")
    counts = ("received_count", "stored_count", "duplicate_count", "refused_count")
    query = (
        sa.select(states.c.vehicle_id, *(states.c[name] for name in counts))
        .join(Vehicle, Vehicle.id == states.c.vehicle_id)
        .where(states.c.vehicle_id > after_id, is_readable(viewer))
        .order_by(states.c.vehicle_id)
        .limit(most)
    )
    return plain_rows(reader.execute(query))
