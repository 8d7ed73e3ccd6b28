"""The latest state of each vehicle: locked, and written back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from core.db import Writer, bigint_array, column_types, driver, stage
from core.telemetry.models import states

State = dict[str, Any]
"""One row of `telemetry_states`."""

_COLUMNS = tuple(str(column.name) for column in states.columns)
_TYPES = column_types(states, _COLUMNS)
_LIST = ", ".join(_COLUMNS)
_STAGE = stage("telemetry_state_stage", like="telemetry_states")
# With what the vehicle is and how its relay is wired: a report is judged and read by both.
_LOCK = f"""
    SELECT {", ".join(f"s.{name}" for name in _COLUMNS)}, v.vehicle_class, t.relay_output, t.relay_inverted
    FROM telemetry_states s
    LEFT JOIN vehicles_vehicles v ON v.id = s.vehicle_id
    LEFT JOIN vehicles_trackers t ON t.vehicle_id = s.vehicle_id
    WHERE s.vehicle_id = ANY(%(ids)s::bigint[])
        AND (SELECT count(*) FROM telemetry_states WHERE vehicle_id = ANY(%(ids)s::bigint[])) = %(count)s
    ORDER BY s.vehicle_id FOR UPDATE OF s
"""  # noqa: S608 - our own names
_MAKE = "INSERT INTO telemetry_states (vehicle_id) SELECT unnest(%(ids)s::bigint[]) ON CONFLICT DO NOTHING"
_SAVED = tuple(name for name in _COLUMNS if name != "vehicle_id")
_SAVE = (
    f"UPDATE telemetry_states AS kept SET ({', '.join(_SAVED)}) = "  # noqa: S608 - our own names
    f"ROW({', '.join(f'new.{name}' for name in _SAVED)}) "
    f"FROM {_STAGE} AS new WHERE kept.vehicle_id = new.vehicle_id"
)

_read_row = itemgetter(*_COLUMNS)


class Profile(NamedTuple):
    """What the intake must know of a vehicle to judge and read its reports."""

    vehicle_class: str | None
    relay_output: int | None
    relay_inverted: bool | None


def lock_states(session: Writer, vehicle_ids: Sequence[int]) -> tuple[dict[int, State], dict[int, Profile]]:
    """The latest states of these vehicles, locked until the transaction ends and made empty where there is none; and
    what the vehicles are.

    Always in the order of ids, so that two batches with the same vehicles wait for each other and never in a ring:
    all of them, or none while one is missing. Whoever makes a row holds it from then on, and must not hold others yet.
    """
    asked = {"ids": bigint_array(sorted(vehicle_ids)), "count": len(vehicle_ids)}
    with driver(session.connection()).cursor(binary=True) as cursor:
        rows = cursor.execute(_LOCK, asked).fetchall()
        if len(rows) < len(vehicle_ids):
            cursor.execute(_MAKE, asked)
            rows = cursor.execute(_LOCK, asked).fetchall()
    states = {row[0]: dict(zip(_COLUMNS, row, strict=False)) for row in rows}
    return states, {row[0]: Profile(*row[len(_COLUMNS) :]) for row in rows}


def save_states(session: Writer, changed: Iterable[State]) -> None:
    """Write locked states back: COPY into a staging table and one UPDATE, a third of the time of an UPDATE each."""
    with driver(session.connection()).cursor() as cursor:
        with cursor.copy(f"COPY {_STAGE} ({_LIST}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_TYPES)
            for state in changed:
                extra = Jsonb(state["extra"]) if state["extra"] else None
                copy.write_row(_read_row({**state, "extra": extra}))
        cursor.execute(_SAVE)
