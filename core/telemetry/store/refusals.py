"""What was not believed, kept whole, and what became of it when it was judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from core.db import Writer, driver
from core.telemetry.models import Refusal
from core.telemetry.schemas import Point, RefusalFilter, RefusedReading

_COLUMNS = "received_at, source, vehicle_id, device_uid, ts, rule, detail, raw, point, left_out"
_RAW_LENGTH = 4_000
_POINT_LENGTH = 16_000
AGAIN = "refused: "
"""How the outcome of a replay begins that refused a point again; the rule follows."""


def keep_refusals(session: Writer, refused: Sequence[RefusedReading], *, source: str, received_at: datetime) -> None:
    """Keep refused readings whole, with their reason."""
    if not refused:
        return
    with (
        driver(session.connection()).cursor() as cursor,
        cursor.copy(f"COPY telemetry_refusals ({_COLUMNS}) FROM STDIN") as copy,
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
                    reading.raw.replace("\x00", "\\x00")[:_RAW_LENGTH],
                    _as_json(reading.point),
                    list(reading.left_out) or None,
                )
            )


def _as_json(point: Point | None) -> str | None:
    """The point, unless it is larger than any device sends or holds a NUL, for which JSONB has no place."""
    if point is None:
        return None
    text = msgspec.json.encode(point).decode()
    return None if len(text) > _POINT_LENGTH or "\\u0000" in text else text


def matching(wanted: RefusalFilter) -> list[sa.ColumnElement[bool]]:
    """The conditions of a filter."""
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.rule is not None:
        conditions.append(Refusal.rule == wanted.rule)
    if wanted.source is not None:
        conditions.append(Refusal.source == wanted.source)
    if wanted.vehicle_id is not None:
        conditions.append(Refusal.vehicle_id == wanted.vehicle_id)
    if wanted.device_uid is not None:
        conditions.append(Refusal.device_uid == wanted.device_uid)
    if wanted.since is not None:
        conditions.append(Refusal.received_at >= wanted.since)
    return conditions


# A point that can be judged anew: it was refused whole, could be read, and no replay has brought it in yet.
IS_OPEN = sa.and_(
    Refusal.left_out.is_(None),
    Refusal.point.is_not(None),
    sa.or_(Refusal.replay_outcome.is_(None), Refusal.replay_outcome.startswith(AGAIN)),
)


class Kept(NamedTuple):
    """A refusal with a point, locked for a replay."""

    received_at: datetime
    id: int
    vehicle_id: int | None
    device_uid: str | None
    point: Point


def lock_open(session: Writer, wanted: RefusalFilter, *, most: int) -> list[Kept]:
    """Up to `most` open refusals, locked; those never judged anew first, then the oldest.

    What another replay holds is left to it and not waited for, so two replays cannot block each other.
    """
    query = (
        sa.select(Refusal.received_at, Refusal.id, Refusal.vehicle_id, Refusal.device_uid, Refusal.point)
        .where(IS_OPEN, *matching(wanted))
        .order_by(Refusal.replayed_at.asc().nulls_first(), Refusal.received_at, Refusal.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return [
        Kept(row.received_at, row.id, row.vehicle_id, row.device_uid, msgspec.convert(row.point, Point, strict=False))
        for row in session.execute(query)
    ]


_MARK = """
    UPDATE telemetry_refusals r SET replayed_at = %b, replay_outcome = m.outcome, vehicle_id = m.vehicle_id
    FROM unnest(%b::timestamptz[], %b::bigint[], %b::bigint[], %b::text[]) AS m (received_at, id, vehicle_id, outcome)
    WHERE r.received_at = m.received_at AND r.id = m.id
"""


def mark_replayed(session: Writer, outcomes: Sequence[tuple[Kept, int | None, str]], *, at: datetime) -> None:
    """Write down of each refusal whose it turned out to be and what became of it."""
    received = [kept.received_at for kept, _, _ in outcomes]
    ids = [kept.id for kept, _, _ in outcomes]
    vehicles = [vehicle_id for _, vehicle_id, _ in outcomes]
    with driver(session.connection()).cursor() as cursor:
        cursor.execute(_MARK, (at, received, ids, vehicles, [outcome for _, _, outcome in outcomes]))
