"""Trips and stops: what was made of the points."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.permissions import Actor
from core.telemetry.models import stops, trips
from core.telemetry.queries.subjects import get_subject


def list_trips(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int,
    since: datetime,
    until: datetime,
    after: datetime | None = None,
    most: int = 1000,
    withdrawn: bool = False,
) -> list[dict[str, Any]]:
    """The trips of a vehicle that touch a range, by start, those that began after `after`. Needs telemetry:read.

    One that lasts has `ended_at` None. `mean_speed_kmh` is over the time it moved, None when it did not. Those taken
    back by late points come only when `withdrawn` is asked for, with `withdrawn_at`.
    """
    get_subject(reader, viewer=viewer, vehicle_id=vehicle_id)
    found = plain_rows(reader.execute(_touching(trips, vehicle_id, since, until, after, most, withdrawn)))
    for trip in found:
        trip["mean_speed_kmh"] = mean_speed_kmh(trip["distance_m"], trip["moving_s"])
    return found


def list_latest_trips(
    reader: Reader, *, viewer: Actor, vehicle_id: int, before: datetime, most: int = 50
) -> list[dict[str, Any]]:
    """The last trips of a vehicle that began before a moment, newest first. Needs telemetry:read."""
    get_subject(reader, viewer=viewer, vehicle_id=vehicle_id)
    query = (
        sa.select(trips)
        .where(trips.c.vehicle_id == vehicle_id, trips.c.started_at < before, trips.c.withdrawn_at.is_(None))
        .order_by(trips.c.started_at.desc())
        .limit(most)
    )
    return plain_rows(reader.execute(query))


def list_stops(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int,
    since: datetime,
    until: datetime,
    after: datetime | None = None,
    most: int = 1000,
    withdrawn: bool = False,
) -> list[dict[str, Any]]:
    """The stops of a vehicle that touch a range; otherwise as `list_trips`. Needs telemetry:read."""
    get_subject(reader, viewer=viewer, vehicle_id=vehicle_id)
    return plain_rows(reader.execute(_touching(stops, vehicle_id, since, until, after, most, withdrawn)))


def mean_speed_kmh(distance_m: float, moving_s: float) -> float | None:
    """Distance over the time moved, or None when nothing moved."""
    return None if moving_s <= 0 else round(distance_m / moving_s * 3.6, 2)


def _touching(
    table: sa.Table,
    vehicle_id: int,
    since: datetime,
    until: datetime,
    after: datetime | None,
    most: int,
    withdrawn: bool,
) -> sa.Select[Any]:
    # Trips of a vehicle do not overlap, nor do its stops. So what began before the range and reaches into it is the
    # last that did, and all the rest of a long history is not looked at.
    known = table.alias()
    first = (
        sa.select(sa.func.max(known.c.started_at))
        .where(known.c.vehicle_id == vehicle_id, known.c.started_at <= since, known.c.withdrawn_at.is_(None))
        .scalar_subquery()
    )
    query = (
        sa.select(table)
        .where(
            table.c.vehicle_id == vehicle_id,
            table.c.started_at >= sa.func.coalesce(first, since),
            table.c.started_at < until,
            sa.or_(table.c.ended_at.is_(None), table.c.ended_at > since),
        )
        .order_by(table.c.started_at)
        .limit(most)
    )
    if after is not None:
        query = query.where(table.c.started_at > after)
    return query if withdrawn else query.where(table.c.withdrawn_at.is_(None))
