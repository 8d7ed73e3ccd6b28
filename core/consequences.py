"""What follows from facts: one row for each consequence, which says whether it has been done.

Plumbing beside the outbox: `tasks/` decides which jobs follow from which facts and runs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.db import Reader, Writer, plain_rows
from core.outbox import Offset, OutboxCursor, OutboxDelivery, head, read_since
from core.permissions import Actor

READER = "consequences"
# A worker that took a consequence and is not heard of again is given this long.
LEASE = timedelta(seconds=30)
DEAD_AFTER = 8
MOST = 1000


@dataclass(frozen=True, slots=True)
class Consequence:
    """One job that follows from one fact."""

    id: int
    job: str
    ids: Mapping[str, Any]
    attempts: int


def draw(session: Writer, *, at: datetime, subscriptions: Mapping[str, Sequence[str]]) -> list[int]:
    """Turn the facts published since the last call into rows, one for each subscribed job; returns their ids.

    The cursor's row lock lets one caller draw at a time; the rows and the cursor move in the same transaction.
    """
    epoch, settled = head(session.connection())
    cursor = _lock_cursor(session, epoch)
    names = [name for name, jobs in subscriptions.items() if jobs]
    facts = read_since(session.connection(), Offset(cursor.txid, cursor.fact_id), names=names, most=MOST)
    drawn: list[int] = []
    for fact in facts:
        for job in subscriptions[fact.name]:
            made = session.execute(
                insert(OutboxDelivery)
                .values(
                    fact_id=fact.offset.fact_id,
                    fact=fact.name,
                    job=job,
                    ids=fact.ids,
                    created_at=fact.at,
                    next_at=at + LEASE,
                )
                .on_conflict_do_nothing()
                .returning(OutboxDelivery.id)
            )
            drawn += made.scalars()
        cursor.txid, cursor.fact_id = fact.offset
    if len(facts) < MOST:
        # Past the facts from which nothing follows too, or each round would read them again.
        cursor.txid, cursor.fact_id = max(settled, Offset(cursor.txid, cursor.fact_id))
    return drawn


def find_overdue(session: Writer, *, at: datetime) -> list[int]:
    """The ids of consequences whose time has come (again), each given a new lease."""
    overdue = sa.select(OutboxDelivery).where(
        OutboxDelivery.done_at.is_(None), OutboxDelivery.dead_at.is_(None), OutboxDelivery.next_at < at
    )
    rows = session.scalars(overdue.limit(500).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.next_at = at + LEASE
    return [row.id for row in rows]


def take(session: Writer, *, at: datetime, consequence_id: int) -> Consequence | None:
    """The consequence to be run now, or None when it has been done or somebody runs it. Counts the attempt."""
    row = session.scalars(
        sa.select(OutboxDelivery).where(OutboxDelivery.id == consequence_id).with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None or row.done_at is not None or row.dead_at is not None:
        return None
    row.attempts += 1
    row.next_at = at + LEASE
    return Consequence(row.id, row.job, row.ids, row.attempts)


def mark_done(session: Writer, *, at: datetime, consequence_id: int) -> None:
    """Note that a consequence has been carried out."""
    session.get_one(OutboxDelivery, consequence_id, with_for_update=True).done_at = at


def mark_failed(session: Writer, *, at: datetime, consequence_id: int, error: str) -> None:
    """Note a failure: it is tried again later and later, and is a dead letter after several."""
    row = session.get_one(OutboxDelivery, consequence_id, with_for_update=True)
    row.last_error = error
    if row.attempts >= DEAD_AFTER:
        row.dead_at = at
    else:
        row.next_at = at + timedelta(seconds=2**row.attempts)


def list_troubled(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """The consequences that have failed at least once and are not done, dead letters first. Needs health:read."""
    viewer.require("health:read")
    row = OutboxDelivery
    query = (
        sa.select(
            row.id,
            row.fact,
            row.job,
            row.ids,
            row.created_at,
            row.attempts,
            row.next_at,
            row.dead_at,
            row.last_error,
        )
        .where(row.done_at.is_(None), row.last_error.is_not(None))
        .order_by(row.dead_at.is_(None), row.created_at)
        .limit(200)
    )
    return plain_rows(reader.execute(query))


def _lock_cursor(session: Writer, epoch: str) -> OutboxCursor:
    start = {"reader": READER, "epoch": epoch, "txid": 0, "fact_id": 0}
    session.execute(insert(OutboxCursor).values(start).on_conflict_do_nothing())
    cursor = session.get_one(OutboxCursor, READER, with_for_update=True)
    if cursor.epoch != epoch:
        # Restored into another cluster, whose transactions are counted from its own beginning.
        cursor.epoch, cursor.txid, cursor.fact_id = epoch, 0, 0
    return cursor
