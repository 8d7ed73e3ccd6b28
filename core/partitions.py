"""Tables cut by day: partitions are made ahead and dropped whole, never row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from core.db import Writer, take_transaction_lock

DAYS_AHEAD = 3


def keep_days(session: Writer, table: str, *, at: datetime, days_back: int) -> list[str]:
    """Make the partitions of `table` for the days from `days_back` ago to a few ahead; drop the older ones.

    Returns the names of the partitions dropped. `table` is a name of ours, never input.
    """
    take_transaction_lock(session, f"partitions:{table}")
    today = at.astimezone(UTC).date()
    have = _partitions(session, table)
    first = today - timedelta(days=days_back)
    for number in range(days_back + DAYS_AHEAD + 1):
        day = first + timedelta(days=number)
        if _name(table, day) not in have:
            _create(session, table, day)
    old = [name for name in have if name < _name(table, first)]
    for name in old:
        session.execute(sa.text(f"DROP TABLE {name}"))
    return old


def _partitions(session: Writer, table: str) -> set[str]:
    rows = session.execute(
        sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass)"),
        {"table": table},
    )
    return set(rows.scalars())


def _create(session: Writer, table: str, day: date) -> None:
    following = day + timedelta(days=1)
    session.execute(
        sa.text(
            f"CREATE TABLE {_name(table, day)} PARTITION OF {table} "
            f"FOR VALUES FROM ('{day} 00:00+00') TO ('{following} 00:00+00')"
        )
    )


def _name(table: str, day: date) -> str:
    return f"{table}_p{day:%Y%m%d}"
