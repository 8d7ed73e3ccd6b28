"""What was derived from points: written when it differs, taken back when it is no longer found.

Rows go in as one JSON document for each table: beside COPY into a staging table, it needs no table of its
own to be emptied at each commit, and the document is made before the transaction begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from psycopg import Cursor

from core.telemetry.models import PERIODS, stops, trips

_PERIOD_VALUES = (
    *("point_count", "distance_m", "moving_s", "idle_s", "engine_s", "fuel_l", "max_speed_kmh", "dtc_count"),
)
# Moments stand in the document as Unix seconds.
_TYPES: dict[type, str] = {
    sa.BigInteger: "bigint",
    sa.Integer: "integer",
    sa.Double: "float8",
    sa.REAL: "real",
    sa.DateTime: "float8",
}


def _columns(table: sa.Table, names: Sequence[str]) -> str:
    return ", ".join(f"{name} {_TYPES[type(table.c[name].type)]}" for name in names)


def _differs(names: Sequence[str]) -> str:
    ours, theirs = ", ".join(f"t.{name}" for name in names), ", ".join(f"excluded.{name}" for name in names)
    return f"({ours}) IS DISTINCT FROM ({theirs})"


def _save_periods_of(name: str) -> str:
    table = PERIODS[name]
    values = ", ".join(_PERIOD_VALUES)
    return f"""
    INSERT INTO {table.name} AS t (vehicle_id, start, {values})
    SELECT vehicle_id, to_timestamp(start), {values}
    FROM json_to_recordset(%s::json) AS x (vehicle_id bigint, start float8, {_columns(table, _PERIOD_VALUES)})
    ON CONFLICT (vehicle_id, start) DO UPDATE SET ({values}) = ROW({", ".join(f"excluded.{v}" for v in _PERIOD_VALUES)})
    WHERE {_differs(_PERIOD_VALUES)}
    """  # noqa: S608 - our own names


_SAVE_PERIODS = {width: _save_periods_of(width) for width in PERIODS}
_DROP_PERIODS = {
    width: f"""
    DELETE FROM {table.name} t USING unnest(%s::bigint[], %s::float8[]) AS v (id, start)
    WHERE t.vehicle_id = v.id AND t.start = to_timestamp(v.start)
    """  # noqa: S608 - our own names
    for width, table in PERIODS.items()
}
_CLEAR_PERIODS = {
    width: f"""
    DELETE FROM {table.name} t USING unnest(%s::bigint[], %s::float8[]) AS v (id, since)
    WHERE t.vehicle_id = v.id AND t.start > to_timestamp(v.since) AND NOT EXISTS (
        SELECT FROM json_to_recordset(%s::json) AS x (vehicle_id bigint, start float8)
        WHERE x.vehicle_id = t.vehicle_id AND to_timestamp(x.start) = t.start)
    """  # noqa: S608 - our own names
    for width, table in PERIODS.items()
}


def save_periods(cursor: Cursor[Any], width: str, rows: bytes) -> None:
    """Write the sums of one width; `rows` is a JSON array of objects with the columns, moments as Unix seconds."""
    cursor.execute(_SAVE_PERIODS[width], (rows.decode(),))


def drop_periods(cursor: Cursor[Any], width: str, keys: Sequence[tuple[int, float]]) -> None:
    """Drop sums over buckets (vehicle, start) in which nothing was after all."""
    cursor.execute(_DROP_PERIODS[width], ([vehicle_id for vehicle_id, _ in keys], [start for _, start in keys]))


def clear_periods(cursor: Cursor[Any], width: str, since: Sequence[tuple[int, float]], *, keep: bytes) -> None:
    """Drop the sums over all buckets of each vehicle that start after a moment, but for those in `keep`."""
    ids, moments = [vehicle_id for vehicle_id, _ in since], [ts for _, ts in since]
    cursor.execute(_CLEAR_PERIODS[width], (ids, moments, keep.decode()))


_TABLES = {"trip": trips, "stop": stops}
_KEPT = {"vehicle_id", "started_at", "changed_at", "withdrawn_at"}
_VALUES = {name: [c.name for c in table.c if c.name not in _KEPT] for name, table in _TABLES.items()}


def _save_intervals_of(name: str) -> str:
    table, values = _TABLES[name], _VALUES[name]
    read = ", ".join("to_timestamp(ended_at)" if value == "ended_at" else value for value in values)
    listed = ", ".join(values)
    return f"""
    INSERT INTO {table.name} AS t (vehicle_id, started_at, {listed}, changed_at)
    SELECT vehicle_id, to_timestamp(started_at), {read}, %s
    FROM json_to_recordset(%s::json) AS x (vehicle_id bigint, started_at float8, {_columns(table, values)})
    ON CONFLICT (vehicle_id, started_at) DO UPDATE
    SET ({listed}) = ROW({", ".join(f"excluded.{v}" for v in values)}),
        changed_at = excluded.changed_at, withdrawn_at = NULL
    WHERE t.withdrawn_at IS NOT NULL OR {_differs(values)}
    RETURNING vehicle_id, extract(epoch FROM started_at)::float8, ended_at IS NOT NULL
    """  # noqa: S608 - our own names


_SAVE = {name: _save_intervals_of(name) for name in _TABLES}
_WITHDRAW = {
    name: f"""
    UPDATE {table.name} t SET withdrawn_at = %s FROM unnest(%s::bigint[], %s::float8[]) AS v (id, started_at)
    WHERE t.vehicle_id = v.id AND t.started_at = to_timestamp(v.started_at) AND t.withdrawn_at IS NULL
    """  # noqa: S608 - our own names
    for name, table in _TABLES.items()
}
_WITHDRAW_SINCE = {
    name: f"""
    UPDATE {table.name} t SET withdrawn_at = %s FROM unnest(%s::bigint[], %s::float8[]) AS v (id, since)
    WHERE t.vehicle_id = v.id AND t.started_at >= to_timestamp(v.since) AND t.withdrawn_at IS NULL AND NOT EXISTS (
        SELECT FROM json_to_recordset(%s::json) AS x (vehicle_id bigint, started_at float8)
        WHERE x.vehicle_id = t.vehicle_id AND to_timestamp(x.started_at) = t.started_at)
    """  # noqa: S608 - our own names
    for name, table in _TABLES.items()
}
_END_BEFORE = {
    name: f"""
    UPDATE {table.name} t SET ended_at = to_timestamp(v.since), changed_at = %s
    FROM unnest(%s::bigint[], %s::float8[]) AS v (id, since)
    WHERE t.vehicle_id = v.id AND t.started_at < to_timestamp(v.since) AND t.ended_at IS NULL
      AND t.withdrawn_at IS NULL
    """  # noqa: S608 - our own names
    for name, table in _TABLES.items()
}
Places = Sequence[tuple[int, float]]


def save_intervals(cursor: Cursor[Any], table: str, rows: bytes, *, at: datetime) -> list[tuple[int, float]]:
    """Write trips ("trip") or stops ("stop"); returns (vehicle, start) of those that changed and have ended."""
    cursor.execute(_SAVE[table], (at, rows.decode()))
    return [(vehicle_id, started_at) for vehicle_id, started_at, has_ended in cursor.fetchall() if has_ended]


def withdraw_intervals(cursor: Cursor[Any], table: str, keys: Places, *, at: datetime) -> None:
    """Take back trips or stops (vehicle, start)."""
    cursor.execute(_WITHDRAW[table], (at, [v for v, _ in keys], [ts for _, ts in keys]))


def withdraw_intervals_since(cursor: Cursor[Any], table: str, since: Places, *, keep: bytes, at: datetime) -> None:
    """Take back all trips or stops of each vehicle from a moment on, but for those in `keep`; end those that last."""
    ids, moments = [v for v, _ in since], [ts for _, ts in since]
    cursor.execute(_WITHDRAW_SINCE[table], (at, ids, moments, keep.decode()))
    cursor.execute(_END_BEFORE[table], (at, ids, moments))
