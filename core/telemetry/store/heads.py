"""How far each vehicle was followed, and the checkpoints from which it can be followed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

_MAKE = """
    INSERT INTO telemetry_heads (vehicle_id, detectors) SELECT id, '{}' FROM unnest(%s::bigint[]) AS v (id) ORDER BY id
    ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT vehicle_id, revision FROM telemetry_heads WHERE vehicle_id = ANY(%s) ORDER BY vehicle_id FOR UPDATE"


def lock_heads(cursor: Cursor[Any], vehicle_ids: Sequence[int], *, new: Sequence[int]) -> dict[int, int]:
    """Lock heads until the transaction ends, in the order of ids; those that are `new` are made. Their revisions."""
    if new:
        cursor.execute(_MAKE, (list(new),))
    cursor.execute(_LOCK, (list(vehicle_ids),))
    return dict(cursor.fetchall())


_SAVE = """
    UPDATE telemetry_heads h SET
        ts = to_timestamp(x.ts), arrived_at = x.arrived_at, point_count = x.point_count, revision = h.revision + 1,
        silent_since = to_timestamp(x.silent_since), detectors = x.detectors,
        mileage_m = x.mileage_m, mileage_ts = to_timestamp(x.mileage_ts), mileage_method = x.mileage_method
    FROM json_to_recordset(%s::json) AS x (
        vehicle_id bigint, ts float8, arrived_at timestamptz, point_count bigint, silent_since float8,
        detectors jsonb, mileage_m float8, mileage_ts float8, mileage_method text)
    WHERE h.vehicle_id = x.vehicle_id
"""


def save_heads(cursor: Cursor[Any], rows: bytes) -> None:
    """Write locked heads back; `rows` is a JSON array of objects with the columns, moments as Unix seconds."""
    cursor.execute(_SAVE, (rows.decode(),))


_FORGET = """
    DELETE FROM telemetry_checkpoints c USING unnest(%s::bigint[], %s::float8[]) AS v (id, ts)
    WHERE c.vehicle_id = v.id AND c.ts > to_timestamp(v.ts)
"""
_KEEP = """
    INSERT INTO telemetry_checkpoints (vehicle_id, ts, detectors)
    SELECT x.vehicle_id, to_timestamp(x.ts), x.detectors
    FROM json_to_recordset(%s::json) AS x (vehicle_id bigint, ts float8, detectors jsonb)
    ON CONFLICT (vehicle_id, ts) DO UPDATE SET detectors = excluded.detectors
"""


def forget_checkpoints(cursor: Cursor[Any], after: Sequence[tuple[int, float]]) -> None:
    """Drop the checkpoints of each vehicle after a moment: they say what is no longer so."""
    if after:
        cursor.execute(_FORGET, ([vehicle_id for vehicle_id, _ in after], [ts for _, ts in after]))


def keep_checkpoints(cursor: Cursor[Any], rows: bytes) -> None:
    """Write checkpoints; `rows` is a JSON array of {vehicle_id, ts, detectors}."""
    cursor.execute(_KEEP, (rows.decode(),))
