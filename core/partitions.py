"""Tables cut by time: partitions are made ahead and dropped whole, never row by row.

Locks, and why: points arrive all the time, and whoever waits for a strong lock on a table holds up everybody who comes
after. So a partition is made as a table of its own and then attached, which lets readers and writers go on (SHARE
UPDATE EXCLUSIVE at the table); `CREATE TABLE ... PARTITION OF` would stop them. Dropping one cannot do without ACCESS
EXCLUSIVE inside a transaction, so it waits for a moment only (`DROP_WAITS_MS`) and gives up: a partition that stays an
hour longer costs disk, a queue of waiting intakes costs points per second. Source: PostgreSQL manual, "ALTER TABLE ...
ATTACH PARTITION" and "Explicit Locking".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from core.db import Reader, Writer, take_transaction_lock

# So much may go by without anybody who makes partitions before a point finds no place.
DAYS_AHEAD = 7
DROP_WAITS_MS = 300


@dataclass(frozen=True, slots=True)
class Cut:
    """How a table is cut: into pieces of `width_days`, of which rows older than `kept_days` are dropped.

    Nothing older than `written_days` is ever written, so no piece is made for it. `table` is a name of ours, never
    input.
    """

    table: str
    kept_days: int
    written_days: int
    width_days: int = 1


class Part(NamedTuple):
    """A partition and what it holds: from `start` up to, and without, `end`."""

    name: str
    start: datetime
    end: datetime


_PARTS = sa.text("""
    SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST(:table AS regclass) AND c.relpartbound IS NOT NULL
""")


def list_parts(reader: Reader, table: str) -> list[Part]:
    """The partitions of `table` by time, as the catalog has them."""
    return sorted(
        (read_part(name, bound) for name, bound in reader.execute(_PARTS, {"table": table})),
        key=lambda part: part.start,
    )


def read_part(name: str, bound: str) -> Part:
    """A partition from its name and bound in the catalog: FOR VALUES FROM ('2026-11-24 00:00:00+00') TO ('...')."""
    start, end = (datetime.fromisoformat(text) for text in re.findall(r"'([^']+)'", bound))
    return Part(name, start.astimezone(UTC), end.astimezone(UTC))


def make_parts(session: Writer, cut: Cut, *, at: datetime) -> list[str]:
    """Make the partitions that are missing from the oldest day that is written to a few days ahead; returns them."""
    take_transaction_lock(session, f"partitions:{cut.table}")
    have = list_parts(session.connection(), cut.table)
    made = []
    for start in _starts(cut, at):
        end = start + timedelta(days=cut.width_days)
        if not any(part.start < end and start < part.end for part in have):
            made.append(_make(session, cut.table, start, end))
    return made


def drop_expired(session: Writer, cut: Cut, *, at: datetime) -> list[str]:
    """Drop the partitions that hold nothing younger than what is kept; returns the names of the dropped.

    The first that somebody works on is left, with those after it, to the next time. Give each table a transaction of
    its own: its lock is held until the end.
    """
    take_transaction_lock(session, f"partitions:{cut.table}")
    dropped: list[str] = []
    for part in list_parts(session.connection(), cut.table):
        if part.end > oldest_kept(cut, at) or run_unless_locked(session, sa.text(f"DROP TABLE {part.name}")) is None:
            break
        dropped.append(part.name)
    return dropped


def oldest_kept(cut: Cut, at: datetime) -> datetime:
    """The midnight (UTC) before which nothing is kept."""
    return _midnight(at.astimezone(UTC).date() - timedelta(days=cut.kept_days))


def run_unless_locked(session: Writer, statement: sa.TextClause, **values: object) -> list[object] | None:
    """Run a statement that wants a strong lock, waiting for a moment only; its first column, or None: not this time."""
    session.execute(sa.text(f"SET LOCAL lock_timeout = {DROP_WAITS_MS}"))
    try:
        with session.begin_nested():
            result = session.execute(statement, values)
            return list(result.scalars()) if result.returns_rows else []  # type: ignore[attr-defined]
    except OperationalError as problem:
        if isinstance(problem.orig, LockNotAvailable):
            return None
        raise


def _starts(cut: Cut, at: datetime) -> list[datetime]:
    """Where the pieces begin that may be written to: on a grid of whole widths, the same whenever it is asked."""
    today = at.astimezone(UTC).date().toordinal()
    first = today - cut.written_days
    return [
        _midnight(date.fromordinal(ordinal))
        for ordinal in range(first - first % cut.width_days, today + DAYS_AHEAD + 1, cut.width_days)
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _make(session: Writer, table: str, start: datetime, end: datetime) -> str:
    name = f"{table}_p{start:%Y%m%d}"
    session.execute(
        sa.text(
            f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES "
            "INCLUDING STORAGE)"
        )
    )
    # Attaching looks through the table, which is empty.
    session.execute(sa.text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')"))
    return name
