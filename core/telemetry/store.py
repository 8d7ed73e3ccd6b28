"""How points are kept: one table cut by day. Nothing outside this file knows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from psycopg.types.json import Jsonb, set_json_dumps

from core import partitions
from core.db import Writer, driver
from core.telemetry.models import MEASURED, states
from core.telemetry.rules.cleaning import Moment
from core.telemetry.rules.geo import Fix
from core.telemetry.schemas import Reading, RefusedReading

_COLUMNS = ("vehicle_id", "ts", "received_at", *MEASURED)
_LIST = ", ".join(_COLUMNS)
_STAGE = (
    "CREATE TEMP TABLE IF NOT EXISTS telemetry_stage (LIKE telemetry_points INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
)
_TYPES = (
    *("int8", "timestamptz", "timestamptz", "float8", "float8", "float4", "float4", "float4", "int2"),
    *("float4", "bool", "int8", "float4", "float4", "float4", "float4", "float4", "text[]", "int4"),
    *("bool", "text", "jsonb"),
)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value)


def keep_partitions(session: Writer, *, at: datetime, raw_retention_days: int) -> list[str]:
    """Make partitions ahead and drop those past retention; returns the names of the dropped."""
    dropped = []
    for table in ("telemetry_points", "telemetry_refusals"):
        dropped += partitions.keep_days(session, table, at=at, days_back=raw_retention_days + 1)
    return dropped


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


def append(session: Writer, readings: Sequence[Reading], *, received_at: datetime) -> set[tuple[int, datetime]]:
    """Store readings; returns (vehicle_id, ts) of those that were new. A known (vehicle, ts) is left as it was.

    COPY into a staging table and one INSERT: measured at twice the rate of any form of multi-row INSERT.
    """
    if not readings:
        return set()
    connection = driver(session.connection())
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy(f"COPY telemetry_stage ({_LIST}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_TYPES)
            for reading in readings:
                copy.write_row(_row(reading, received_at))
        cursor.execute(
            f"INSERT INTO telemetry_points ({_LIST}) SELECT {_LIST} FROM telemetry_stage "  # noqa: S608 - our names
            "ON CONFLICT DO NOTHING RETURNING vehicle_id, ts"
        )
        return set(cursor.fetchall())


def _row(reading: Reading, received_at: datetime) -> tuple[Any, ...]:
    p = reading.point
    return (
        reading.vehicle_id,
        p.ts,
        received_at,
        p.lat,
        p.lon,
        p.altitude_m,
        p.speed_kmh,
        p.course_deg,
        p.satellites,
        p.hdop,
        p.ignition,
        p.odometer_m,
        p.fuel_pct,
        p.fuel_rate_lph,
        p.rpm,
        p.engine_temp_c,
        p.voltage_v,
        list(p.dtc) or None,
        p.outputs,
        p.relay_on,
        p.driver_key,
        Jsonb(p.extra, dumps=_dumps) if p.extra else None,
    )


_LOCK = sa.text("SELECT * FROM telemetry_states WHERE vehicle_id = ANY(:ids) ORDER BY vehicle_id FOR UPDATE")
_MAKE = sa.text(
    "INSERT INTO telemetry_states (vehicle_id) SELECT unnest(CAST(:ids AS bigint[])) ON CONFLICT DO NOTHING"
)


def lock_states(session: Writer, vehicle_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The latest states of these vehicles, locked until the transaction ends; made empty where there is none.

    Always in the order of ids, so that two batches with the same vehicles wait for each other and never in a ring.
    """
    ids = sorted(vehicle_ids)
    rows = session.execute(_LOCK, {"ids": ids}).mappings().all()
    if len(rows) < len(ids):
        session.execute(_MAKE, {"ids": ids})
        rows = session.execute(_LOCK, {"ids": ids}).mappings().all()
    return {row["vehicle_id"]: dict(row) for row in rows}


_STATE_COLUMNS = tuple(column.name for column in states.columns if column.name != "vehicle_id")
_UPDATE = (
    f"UPDATE telemetry_states SET ({', '.join(_STATE_COLUMNS)}) = "  # noqa: S608 - our own names
    f"ROW({', '.join(f'%({name})s' for name in _STATE_COLUMNS)}) WHERE vehicle_id = %(vehicle_id)s"
)


def save_states(session: Writer, changed: Sequence[dict[str, Any]]) -> None:
    """Write locked states back, in one pipelined round trip."""
    with driver(session.connection()).cursor() as cursor:
        cursor.executemany(
            _UPDATE,
            [{**state, "extra": Jsonb(state["extra"]) if state["extra"] else None} for state in changed],
        )


def keep_refusals(session: Writer, refused: Sequence[RefusedReading], *, source: str, received_at: datetime) -> None:
    """Keep refused readings whole, with their reason."""
    if not refused:
        return
    with (
        driver(session.connection()).cursor() as cursor,
        cursor.copy(
            "COPY telemetry_refusals (received_at, source, vehicle_id, device_uid, ts, rule, detail, raw) FROM STDIN"
        ) as copy,
    ):
        for reading in refused:
            copy.write_row(
                (
                    received_at,
                    source,
                    reading.vehicle_id,
                    reading.device_uid,
                    reading.ts,
                    reading.rule,
                    reading.detail,
                    reading.raw.replace("\x00", "\\x00")[:4000],
                )
            )


set_json_dumps(_dumps)
