"""The latest state of each vehicle: locked, and written back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from core.db import Writer, driver
from core.telemetry.models import states

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
