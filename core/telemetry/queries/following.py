"""What the follower reads: who is behind, where each vehicle stands, and the points it has not seen.

All of it on connections without a transaction, so that nobody's stream of facts waits for a long look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg import Cursor

from core.db import Reader, driver
from core.permissions import Actor
from core.telemetry.rules.detector import Sample
from core.telemetry.rules.memory import Memory, read_memory

# Unix seconds to the microsecond: what a double still holds of a timestamptz.
_SAMPLE = ", ".join(
    ("extract(epoch FROM p.ts)::float8", *(f"p.{name}" for name in Sample._fields if name != "ts")),
)


class Behind(NamedTuple):
    """A vehicle with points that were not seen: how many, and when the last of them arrived."""

    vehicle_id: int
    unseen: int
    arrived_at: datetime


_BEHIND = """
    SELECT s.vehicle_id, s.stored_count - coalesce(h.point_count, 0), s.arrived_at
    FROM telemetry_states s LEFT JOIN telemetry_heads h USING (vehicle_id)
    WHERE s.stored_count <> coalesce(h.point_count, 0) AND s.arrived_at IS NOT NULL
    ORDER BY 2
"""


def list_behind(reader: Reader, *, viewer: Actor) -> list[Behind]:
    """The vehicles of which something was not seen, the quickest to be done first. Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    with _cursor(reader) as cursor:
        return [Behind(*row) for row in cursor.execute(_BEHIND).fetchall()]


_FOREIGN = "SELECT vehicle_id FROM telemetry_heads WHERE detectors->'made_by' IS DISTINCT FROM %b::jsonb"


def list_foreign(reader: Reader, *, viewer: Actor, made_by: Mapping[str, str]) -> list[int]:
    """The vehicles whose heads were made by other detectors, or other versions of them. Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    with _cursor(reader) as cursor:
        cursor.execute(_FOREIGN, (orjson.dumps(made_by).decode(),))
        return [vehicle_id for (vehicle_id,) in cursor.fetchall()]


_QUIET = """
    SELECT vehicle_id, extract(epoch FROM ts)::float8 FROM telemetry_heads
    WHERE ts < %b AND silent_since IS NULL
"""


def list_quiet(reader: Reader, *, viewer: Actor, before: datetime) -> dict[int, float]:
    """Vehicles whose last point is older than `before`, and of what moment it is, if none is marked as silent.

    Needs telemetry:follow.
    """
    viewer.require("telemetry:follow")
    with _cursor(reader) as cursor:
        return dict(cursor.execute(_QUIET, (before,)).fetchall())


class Standing(NamedTuple):
    """Where the following of a vehicle stands, and what has been stored of it. `ts`: of the last point followed.

    `seen_until` is the arrival up to which every point not later than `ts` was seen. `stored_count` points arrived
    until `arrived_at`. `memory` is None when it cannot be read; a vehicle never followed has an empty one.
    """

    vehicle_id: int
    arrived_at: datetime
    stored_count: int
    revision: int
    ts: float | None
    seen_until: datetime | None
    point_count: int
    silent_since: float | None
    memory: Memory | None


_STANDINGS = """
    SELECT s.vehicle_id, s.arrived_at, s.stored_count, coalesce(h.revision, 0), extract(epoch FROM h.ts)::float8,
           h.arrived_at, coalesce(h.point_count, 0), extract(epoch FROM h.silent_since)::float8, h.detectors::text
    FROM telemetry_states s LEFT JOIN telemetry_heads h USING (vehicle_id)
    WHERE s.vehicle_id = ANY(%b) AND s.arrived_at IS NOT NULL
"""


def list_standings(reader: Reader, *, viewer: Actor, vehicle_ids: Iterable[int]) -> list[Standing]:
    """Where the following of these vehicles stands. Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    with _cursor(reader) as cursor:
        rows = cursor.execute(_STANDINGS, (list(vehicle_ids),)).fetchall()
    return [Standing(*row)._replace(memory=_read_head(row[-1])) for row in rows]


def _read_head(text: str | None) -> Memory | None:
    return Memory() if text is None else read_memory(text)


class Since(NamedTuple):
    """Of one vehicle, the points after the moment `ts` (None: all) that had arrived by `until`."""

    vehicle_id: int
    ts: float | None
    until: datetime


# The limit stands in the text: bound, it would keep PostgreSQL from the generic plan.
_POINTS = {
    most: f"""
    SELECT v.id, {_SAMPLE}
    FROM unnest(%b::bigint[], %b::float8[], %b::timestamptz[]) AS v (id, ts, until)
    CROSS JOIN LATERAL (
        SELECT * FROM telemetry_points
        WHERE vehicle_id = v.id AND ts > to_timestamp(v.ts) AND received_at <= v.until
        ORDER BY ts LIMIT {most}
    ) p
    """  # noqa: S608 - our own names
    for most in (2_000,)
}
MOST_POINTS = 2_000


def list_points(reader: Reader, *, viewer: Actor, since: Sequence[Since]) -> dict[int, list[Sample]]:
    """The next points of each vehicle, at most MOST_POINTS, in the order of device time. Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    found: dict[int, list[Sample]] = {each.vehicle_id: [] for each in since}
    with _cursor(reader) as cursor:
        cursor.execute(
            _POINTS[MOST_POINTS],
            (
                [each.vehicle_id for each in since],
                [_or_ever(each.ts) for each in since],
                [each.until for each in since],
            ),
        )
        for row in cursor.fetchall():
            found[row[0]].append(Sample._make(row[1:]))
    return found


class Found(NamedTuple):
    """Points: how many, and the earliest moment of them."""

    found: int
    ts: float | None


_COUNT = """
    SELECT count(*), extract(epoch FROM min(ts))::float8 FROM telemetry_points
    WHERE vehicle_id = %b AND ts > to_timestamp(%b) AND received_at <= %b
"""


def count_points(reader: Reader, *, viewer: Actor, since: Since) -> Found:
    """The points after a moment. Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    with _cursor(reader) as cursor:
        cursor.execute(_COUNT, (since.vehicle_id, _or_ever(since.ts), since.until))
        return Found(*(cursor.fetchone() or (0, None)))


_LATE = """
    SELECT count(*), extract(epoch FROM min(ts))::float8 FROM telemetry_points
    WHERE vehicle_id = %b AND ts <= to_timestamp(%b) AND ts >= to_timestamp(%b)
      AND received_at > %b AND received_at <= %b
"""
_LOOK_BACK_S = (600.0, 3600.0, 86_400.0, float("inf"))


def find_late(reader: Reader, *, viewer: Actor, standing: Standing, count: int) -> Found:
    """The late points of a vehicle, of which there should be `count`: looked for further and further back.

    Fewer when points were dropped by age before anybody saw them. Needs telemetry:follow.
    """
    viewer.require("telemetry:follow")
    assert standing.ts is not None
    late = Found(0, None)
    with _cursor(reader) as cursor:
        for back_s in _LOOK_BACK_S:
            cursor.execute(
                _LATE,
                (
                    standing.vehicle_id,
                    standing.ts,
                    _or_ever(None if back_s == float("inf") else standing.ts - back_s),
                    standing.seen_until,
                    standing.arrived_at,
                ),
            )
            late = Found(*(cursor.fetchone() or (0, None)))
            if late.found >= count:
                break
    return late


class Checkpoint(NamedTuple):
    """What was remembered after every point before the moment `ts`; None when it cannot be read."""

    ts: float
    memory: Memory | None


_NEXT_SEEN = """
    SELECT extract(epoch FROM ts)::float8 FROM telemetry_points
    WHERE vehicle_id = %(id)s AND ts > to_timestamp(%(ts)s) AND received_at <= %(seen)s
    ORDER BY ts LIMIT 1
"""
_BASE = """
    SELECT extract(epoch FROM ts)::float8, detectors::text FROM telemetry_checkpoints
    WHERE vehicle_id = %(id)s AND ts <= to_timestamp(%(by)s) ORDER BY ts DESC LIMIT 1
"""


def find_checkpoint(reader: Reader, *, viewer: Actor, vehicle_id: int, by: float) -> Checkpoint | None:
    """The newest checkpoint that is not after the moment `by`. Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    with _cursor(reader) as cursor:
        row = cursor.execute(_BASE, {"id": vehicle_id, "by": by}).fetchone()
    return None if row is None else Checkpoint(row[0], read_memory(row[1]))


def find_base(reader: Reader, *, viewer: Actor, standing: Standing, ts: float) -> Checkpoint | None:
    """The newest checkpoint of what was before the moment `ts`. Needs telemetry:follow.

    That may be one after it: between `ts` and the next point that was seen, nothing was before that was not before
    `ts` too.
    """
    viewer.require("telemetry:follow")
    given = {"id": standing.vehicle_id, "ts": ts, "seen": standing.seen_until}
    with _cursor(reader) as cursor:
        following = cursor.execute(_NEXT_SEEN, given).fetchone()
    by = standing.ts if following is None else following[0]
    assert by is not None
    return find_checkpoint(reader, viewer=viewer, vehicle_id=standing.vehicle_id, by=by)


_LATER = """
    SELECT detectors::text FROM telemetry_checkpoints WHERE vehicle_id = %b AND ts > to_timestamp(%b) ORDER BY ts
"""


def list_later(reader: Reader, *, viewer: Actor, vehicle_id: int, ts: float) -> list[Memory | None]:
    """What the checkpoints after the moment `ts` remember. Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    with _cursor(reader) as cursor:
        return [read_memory(text) for (text,) in cursor.execute(_LATER, (vehicle_id, ts)).fetchall()]


_READINGS = """
    SELECT vehicle_id, extract(epoch FROM read_at)::float8, odometer_m::float8
    FROM telemetry_mileage_readings ORDER BY vehicle_id, read_at
"""


def list_readings(reader: Reader, *, viewer: Actor) -> dict[int, tuple[tuple[float, float], ...]]:
    """The mileage that people read of each vehicle, oldest first: (Unix seconds, metres). Needs telemetry:follow."""
    viewer.require("telemetry:follow")
    found: dict[int, list[tuple[float, float]]] = {}
    with _cursor(reader) as cursor:
        for vehicle_id, read_at, odometer_m in cursor.execute(_READINGS).fetchall():
            found.setdefault(vehicle_id, []).append((read_at, odometer_m))
    return {vehicle_id: tuple(readings) for vehicle_id, readings in found.items()}


def _or_ever(ts: float | None) -> float:
    return float("-inf") if ts is None else ts


def _cursor(reader: Reader) -> Cursor[Any]:
    return driver(reader).cursor(binary=True)
