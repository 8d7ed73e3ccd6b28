"""Points as they were reported."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, driver
from core.permissions import Actor
from core.telemetry.models import MEASURED, points
from core.telemetry.queries.subjects import get_subject
from core.vehicles import queries as vehicles

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
    vehicles.check_sight(reader, viewer=viewer, permission="telemetry:read", vehicle_id=vehicle_id)
    size = next(size for size in _LAST if most <= size)
    rows = reader.execute(_LAST[size], {"vehicle_id": vehicle_id}).fetchmany(most)
    return [dict(zip(POINT_COLUMNS, row, strict=True)) for row in rows]


_BETWEEN = f"""
    SELECT {", ".join(POINT_COLUMNS)} FROM telemetry_points
    WHERE vehicle_id = %s AND ts > %s AND ts < %s ORDER BY ts LIMIT %s
"""  # noqa: S608 - names of our columns


def list_points_after(
    reader: Reader, *, viewer: Actor, vehicle_id: int, after: datetime, until: datetime, most: int
) -> list[tuple[Any, ...]]:
    """The next `most` points of one vehicle after a moment and before another, as rows of POINT_COLUMNS, in order.

    For files of any length, written a piece at a time. Needs telemetry:read.
    """
    get_subject(reader, viewer=viewer, vehicle_id=vehicle_id)
    return driver(reader).execute(_BETWEEN, (vehicle_id, after, until, most)).fetchall()
