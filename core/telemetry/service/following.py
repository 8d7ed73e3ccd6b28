"""Writing down how far vehicles were followed, and what was derived from their points on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Cursor

from core import outbox
from core.db import Writer, driver
from core.permissions import Actor, needs
from core.telemetry.models import PERIODS
from core.telemetry.rules.fold import Folded
from core.telemetry.store import derived, heads


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of following one vehicle, from its head in `revision`.

    `arrived_at` and `point_count`: everything that arrived until then, and how much of it is in here or before.
    `replaces_after`: what the checkpoints after this moment (Unix seconds) say is no longer so.
    `periods_after`: nor do the sums over buckets that start after this one, but for those said again.
    `anew_since`: nor anything that began at or after this one, but for what is said again.
    """

    vehicle_id: int
    revision: int
    arrived_at: datetime
    point_count: int
    folded: Folded
    replaces_after: float | None = None
    periods_after: float | None = None
    anew_since: float | None = None


@needs("telemetry:follow")
def save_followed(session: Writer, *, actor: Actor, at: datetime, followed: Sequence[Followed]) -> list[Followed]:
    """Write heads, checkpoints, sums, trips and stops; returns those that were written.

    The others were followed by somebody else in the meantime, and nothing of them is written.
    """
    documents = _Documents(followed)
    connection = driver(session.connection())
    with connection.cursor() as cursor:
        # What is derived can be derived again, so that nobody's stream of facts need wait for the disk.
        cursor.execute("SET LOCAL synchronous_commit = off")
        revisions = heads.lock_heads(
            cursor, [each.vehicle_id for each in followed], new=[e.vehicle_id for e in followed if e.revision == 0]
        )
        kept = [each for each in followed if revisions[each.vehicle_id] == each.revision]
        if len(kept) < len(followed):
            documents = _Documents(kept)
        if kept:
            ended = _write(cursor, documents, kept, at)
            if ended:
                _publish_ended(session, ended, at)
    return kept


def _publish_ended(session: Writer, ended: list[tuple[int, float]], at: datetime) -> None:
    outbox.publish(
        session,
        "telemetry.trip_ended",
        at=at,
        vehicle_ids=[vehicle_id for vehicle_id, _ in ended],
        started_ms=[int(ts * 1000) for _, ts in ended],
    )


class _Documents:
    """Everything to be written, as one JSON array for each table."""

    def __init__(self, followed: Sequence[Followed]) -> None:
        self.heads = msgspec.json.encode([_head(each) for each in followed])
        self.checkpoints = msgspec.json.encode(
            [
                {"vehicle_id": each.vehicle_id, "ts": ts, "detectors": msgspec.Raw(memory)}
                for each in followed
                for ts, memory in each.folded.checkpoints
            ]
        )
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        gone: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for each in followed:
            for key, found in each.folded.said.items():
                if key.table != "finding":
                    rows[key.table + key.kind].append({"vehicle_id": each.vehicle_id} | msgspec.structs.asdict(found))
            for key in each.folded.gone:
                gone[key.table + key.kind].append((each.vehicle_id, key.start))
        self.rows = {name: msgspec.json.encode(values) for name, values in rows.items()}
        self.gone = gone

    def of(self, name: str) -> bytes:
        """The rows of one table; an empty array when there are none."""
        return self.rows.get(name, b"[]")


def _head(each: Followed) -> dict[str, Any]:
    folded = each.folded
    return {
        "vehicle_id": each.vehicle_id,
        "ts": folded.last_ts,
        "arrived_at": each.arrived_at,
        "point_count": each.point_count,
        "silent_since": folded.silent_since,
        "detectors": msgspec.Raw(folded.memory),
        "mileage_m": folded.mileage and folded.mileage.mileage_m,
        "mileage_ts": folded.mileage and folded.mileage.ts,
        "mileage_method": folded.mileage and folded.mileage.method,
    }


def _write(
    cursor: Cursor[Any], documents: _Documents, kept: Sequence[Followed], at: datetime
) -> list[tuple[int, float]]:
    heads.save_heads(cursor, documents.heads)
    heads.forget_checkpoints(cursor, _places((each, each.replaces_after) for each in kept))
    if documents.checkpoints != b"[]":
        heads.keep_checkpoints(cursor, documents.checkpoints)
    cleared = _places((each, each.periods_after) for each in kept)
    for width in PERIODS:
        _write_periods(cursor, documents, width, cleared)
    anew = _places((each, each.anew_since) for each in kept)
    ended = _write_intervals(cursor, documents, "trip", anew, at)
    _write_intervals(cursor, documents, "stop", anew, at)
    return ended


def _places(moments: Iterable[tuple[Followed, float | None]]) -> list[tuple[int, float]]:
    return [(each.vehicle_id, ts) for each, ts in moments if ts is not None]


def _write_periods(
    cursor: Cursor[Any], documents: _Documents, width: str, cleared: Sequence[tuple[int, float]]
) -> None:
    name = f"period{width}"
    if cleared:
        derived.clear_periods(cursor, width, cleared, keep=documents.of(name))
    if name in documents.rows:
        derived.save_periods(cursor, width, documents.of(name))
    if documents.gone[name]:
        derived.drop_periods(cursor, width, documents.gone[name])


def _write_intervals(
    cursor: Cursor[Any], documents: _Documents, table: str, anew: Sequence[tuple[int, float]], at: datetime
) -> list[tuple[int, float]]:
    ended = []
    if anew:
        derived.withdraw_intervals_since(cursor, table, anew, keep=documents.of(table), at=at)
    if table in documents.rows:
        ended = derived.save_intervals(cursor, table, documents.of(table), at=at)
    if documents.gone[table]:
        derived.withdraw_intervals(cursor, table, documents.gone[table], at=at)
    return ended
