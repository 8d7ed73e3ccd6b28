"""Writing down what was detected: once each, changed when it differs, taken back when it is no longer found."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Cursor

from core import outbox
from core.db import Writer, driver
from core.permissions import Actor, needs
from core.telemetry.rules.detector import Finding
from core.telemetry.rules.memory import Key

_NAMESPACE = uuid.UUID("6d1f4c1e-2f0b-5a55-9c86-0d8a3c6f7b21")


def detection_id(vehicle_id: int, key: Key) -> uuid.UUID:
    """The id of a detection, made from what it is: the same thing detected again has the same."""
    return uuid.uuid5(_NAMESPACE, f"{vehicle_id}|{key.kind}|{key.subject}|{key.start:.6f}")


@dataclass(frozen=True, slots=True)
class Detected:
    """What was found in one vehicle's points, and what no longer is.

    `anew_since`: nothing else that began at or after this moment (Unix seconds) is so.
    """

    vehicle_id: int
    said: Mapping[Key, Finding]
    gone: Sequence[Key]
    anew_since: float | None = None


_SAVE = """
    INSERT INTO events_detections AS t
        (vehicle_id, id, kind, subject, started_at, ended_at, lat, lon, value, detail, detected_at, changed_at)
    SELECT vehicle_id, id, kind, subject, to_timestamp(started_at), to_timestamp(ended_at), lat, lon, value, detail,
           %(at)s, %(at)s
    FROM json_to_recordset(%(rows)s::json) AS x (vehicle_id bigint, id uuid, kind text, subject text,
        started_at float8, ended_at float8, lat float8, lon float8, value float8, detail jsonb)
    ON CONFLICT (vehicle_id, id) DO UPDATE
    SET ended_at = excluded.ended_at, lat = excluded.lat, lon = excluded.lon, value = excluded.value,
        detail = excluded.detail, changed_at = excluded.changed_at, withdrawn_at = NULL
    WHERE t.withdrawn_at IS NOT NULL OR (t.ended_at, t.lat, t.lon, t.value, t.detail)
        IS DISTINCT FROM (excluded.ended_at, excluded.lat, excluded.lon, excluded.value, excluded.detail)
    RETURNING vehicle_id, id
"""
_WITHDRAW = """
    UPDATE events_detections t SET withdrawn_at = %s, changed_at = %s
    FROM unnest(%s::bigint[], %s::uuid[]) AS v (vehicle_id, id)
    WHERE t.vehicle_id = v.vehicle_id AND t.id = v.id AND t.withdrawn_at IS NULL
    RETURNING t.vehicle_id, t.id
"""
_WITHDRAW_SINCE = """
    UPDATE events_detections t SET withdrawn_at = %(at)s, changed_at = %(at)s
    FROM unnest(%(ids)s::bigint[], %(since)s::float8[]) AS v (vehicle_id, since)
    WHERE t.vehicle_id = v.vehicle_id AND t.started_at >= to_timestamp(v.since) AND t.withdrawn_at IS NULL
      AND NOT EXISTS (SELECT FROM json_to_recordset(%(rows)s::json) AS x (vehicle_id bigint, id uuid)
                      WHERE x.vehicle_id = t.vehicle_id AND x.id = t.id)
    RETURNING t.vehicle_id, t.id
"""
_END_BEFORE = """
    UPDATE events_detections t SET ended_at = to_timestamp(v.since), changed_at = %(at)s
    FROM unnest(%(ids)s::bigint[], %(since)s::float8[]) AS v (vehicle_id, since)
    WHERE t.vehicle_id = v.vehicle_id AND t.started_at < to_timestamp(v.since) AND t.ended_at IS NULL
      AND t.withdrawn_at IS NULL
    RETURNING t.vehicle_id, t.id
"""


@needs("events:detect")
def save_detections(session: Writer, *, actor: Actor, at: datetime, detected: Sequence[Detected]) -> int:
    """Write what was detected of some vehicles, whose heads the caller has locked; returns how many rows changed.

    Publishes `events.detected` with the ids of those alone.
    """
    rows = [_row(each.vehicle_id, key, found) for each in detected for key, found in each.said.items()]
    gone = [(each.vehicle_id, detection_id(each.vehicle_id, key)) for each in detected for key in each.gone]
    anew = [(each.vehicle_id, each.anew_since) for each in detected if each.anew_since is not None]
    document = msgspec.json.encode(rows).decode()
    changed: list[tuple[int, uuid.UUID]] = []
    with driver(session.connection()).cursor() as cursor:
        if anew:
            changed += _start_anew(cursor, anew, document, at)
        if rows:
            changed += cursor.execute(_SAVE, {"at": at, "rows": document}).fetchall()
        if gone:
            ids = ([vehicle_id for vehicle_id, _ in gone], [each for _, each in gone])
            changed += cursor.execute(_WITHDRAW, (at, at, *ids)).fetchall()
    if changed:
        # Side by side, a vehicle once for each of its detections: who sees only some vehicles gets those alone.
        changed.sort()
        outbox.publish(
            session,
            "events.detected",
            at=at,
            vehicle_ids=[vehicle_id for vehicle_id, _ in changed],
            detection_ids=[str(each) for _, each in changed],
        )
    return len(changed)


def _start_anew(
    cursor: Cursor[Any], anew: Sequence[tuple[int, float]], document: str, at: datetime
) -> list[tuple[int, uuid.UUID]]:
    given = {"at": at, "ids": [v for v, _ in anew], "since": [ts for _, ts in anew], "rows": document}
    return [*cursor.execute(_WITHDRAW_SINCE, given).fetchall(), *cursor.execute(_END_BEFORE, given).fetchall()]


def _row(vehicle_id: int, key: Key, found: Finding) -> dict[str, Any]:
    return {"vehicle_id": vehicle_id, "id": detection_id(vehicle_id, key)} | msgspec.structs.asdict(found)
