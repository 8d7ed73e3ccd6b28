"""How the tables of telemetry are cut by time, and which kind of storage the points have.

There are two kinds, chosen when the database is migrated (migrations/versions/0003_storage_kind.py): native partitions,
which we make and drop, and a hypertable of TimescaleDB, which makes its chunks itself. Schema and queries are the same.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import partitions
from core.config import Retention
from core.db import Reader, Writer
from core.partitions import Cut
from core.telemetry.rules.storage import Kind

POINTS = "telemetry_points"
# A day of a park begins up to 25 hours before any of its points, and a follower that goes back begins at the checkpoint
# before; so what is derived from the oldest points may be older than they are.
_POINTS_MARGIN_DAYS, _DERIVED_MARGIN_DAYS = 1, 3
# Wide pieces for few rows: what is planned and locked with every query is the number of partitions.
_PERIOD_WIDTHS = {"telemetry_quarters": 7, "telemetry_hours": 30, "telemetry_days": 90}


def list_cuts(retention: Retention) -> list[Cut]:
    """Every table of telemetry that is cut by time.

    Sums are kept at least as long as points are taken in, whatever the settings say: a late point has its place there.
    """
    raw = retention.raw_days + _POINTS_MARGIN_DAYS
    derived = retention.raw_days + _DERIVED_MARGIN_DAYS
    minutes = max(retention.minute_days, retention.raw_days) + _DERIVED_MARGIN_DAYS
    periods = max(retention.period_days, retention.raw_days) + _DERIVED_MARGIN_DAYS
    return [
        Cut(POINTS, kept_days=raw, written_days=raw),
        Cut("telemetry_refusals", kept_days=raw, written_days=raw),
        Cut("telemetry_checkpoints", kept_days=derived, written_days=derived),
        Cut("telemetry_minutes", kept_days=minutes, written_days=derived),
        *(
            Cut(table, kept_days=periods, written_days=derived, width_days=width)
            for table, width in _PERIOD_WIDTHS.items()
        ),
    ]


_KIND = sa.text(f"SELECT relkind = 'p' FROM pg_class WHERE oid = CAST('{POINTS}' AS regclass)")  # noqa: S608 - ours


def find_kind(reader: Reader) -> Kind:
    """How the points are kept, as the catalog has it."""
    return Kind.PARTITIONS if reader.execute(_KIND).scalar_one() else Kind.HYPERTABLE


def make_parts(session: Writer, *, at: datetime, retention: Retention) -> list[str]:
    """Make the partitions that are missing; returns their names. A hypertable makes its own when a point comes."""
    makes_its_own = find_kind(session.connection()) is Kind.HYPERTABLE
    made: list[str] = []
    for cut in list_cuts(retention):
        if not (makes_its_own and cut.table == POINTS):
            made += partitions.make_parts(session, cut, at=at)
    return made


# Chunks go whole, like partitions. Source: TimescaleDB, "drop_chunks()".
_DROP_CHUNKS = sa.text(f"SELECT drop_chunks('{POINTS}', older_than => CAST(:before AS timestamptz))")


def drop_expired(session: Writer, *, at: datetime, table: str, retention: Retention) -> list[str]:
    """Drop what `table` no longer keeps; returns the names of the dropped partitions or chunks."""
    cut = next(cut for cut in list_cuts(retention) if cut.table == table)
    if table == POINTS and find_kind(session.connection()) is Kind.HYPERTABLE:
        chunks = partitions.run_unless_locked(session, _DROP_CHUNKS, before=partitions.oldest_kept(cut, at))
        return [str(name) for name in chunks or ()]
    return partitions.drop_expired(session, cut, at=at)
