"""How points are kept and found: one table cut by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from core.db import Writer, column_types, driver, stage
from core.telemetry.models import MEASURED, points
from core.telemetry.rules.cleaning import Moment
from core.telemetry.rules.geo import Fix
from core.telemetry.schemas import Point

Arrived = tuple[int, datetime, Sequence[Point]]
"""A vehicle, when its points arrived, and the points."""

_PLAIN = ("ts", *(name for name in MEASURED if name not in {"dtc", "extra"}))
_COLUMNS = ("vehicle_id", "received_at", *_PLAIN, "dtc", "extra")
_TYPES = column_types(points, _COLUMNS)
_LIST = ", ".join(_COLUMNS)
_STAGE = stage("telemetry_stage", like="telemetry_points")
_read_plain = attrgetter(*_PLAIN)


_EARLIER = """
    SELECT m.vehicle_id, m.ts, p.ts, p.lat, p.lon
    FROM unnest(%b::bigint[], %b::timestamptz[]) AS m (vehicle_id, ts)
    CROSS JOIN LATERAL (
        SELECT ts, lat, lon FROM telemetry_points
        WHERE vehicle_id = m.vehicle_id AND ts < m.ts AND ts >= m.ts - %b::interval AND lat IS NOT NULL
        ORDER BY ts DESC LIMIT 1
    ) p
"""


def find_earlier_fixes(session: Writer, moments: Sequence[Moment], *, within: timedelta) -> dict[Moment, Fix]:
    """For each (vehicle, moment) the stored point with a fix that came last before it, where there is one."""
    if not moments:
        return {}
    vehicle_ids, times = [vehicle_id for vehicle_id, _ in moments], [ts for _, ts in moments]
    with driver(session.connection()).cursor() as cursor:
        cursor.execute(_EARLIER, (vehicle_ids, times, within))
        return {(vehicle_id, ts): Fix(*fix) for vehicle_id, ts, *fix in cursor.fetchall()}


def append_newest(session: Writer, arrived: Iterable[Arrived]) -> None:
    """Store points each of which is newer than every stored one of its vehicle, whose state the caller has locked.

    They cannot be duplicates, so they are copied straight into the table: two and a half times as fast as by way of
    a staging table. Should one be there all the same, the unique key refuses the batch.
    """
    with driver(session.connection()).cursor() as cursor:
        _copy(cursor, "telemetry_points", arrived)


def append_late(session: Writer, arrived: Iterable[Arrived]) -> set[Moment]:
    """Store points that may be there already; returns (vehicle_id, ts) of those that were new.

    A known (vehicle, ts) is left as it was. COPY into a staging table and one INSERT: measured at twice the rate of
    any form of multi-row INSERT.
    """
    with driver(session.connection()).cursor() as cursor:
        _copy(cursor, _STAGE, arrived)
        cursor.execute(
            f"INSERT INTO telemetry_points ({_LIST}) SELECT {_LIST} FROM {_STAGE} "  # noqa: S608 - our names
            "ON CONFLICT DO NOTHING RETURNING vehicle_id, ts"
        )
        return set(cursor.fetchall())


def _copy(cursor: psycopg.Cursor[Any], table: str, arrived: Iterable[Arrived]) -> None:
    with cursor.copy(f"COPY {table} ({_LIST}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(_TYPES)
        write = copy.write_row
        for vehicle_id, arrived_at, own in arrived:
            for point in own:
                dtc = None if point.dtc is None else list(point.dtc)
                extra = Jsonb(point.extra) if point.extra else None
                write((vehicle_id, arrived_at, *_read_plain(point), dtc, extra))
