"""Upkeep of the tables of telemetry."""

from __future__ import annotations

from datetime import datetime

from core.config import Retention
from core.db import Writer
from core.permissions import Actor, needs
from core.telemetry.store import layout

# Each is dropped from in a transaction of its own.
CUT_TABLES = tuple(cut.table for cut in layout.list_cuts(Retention()))


@needs("telemetry:maintain")
def make_storage(session: Writer, *, actor: Actor, at: datetime, retention: Retention) -> list[str]:
    """Make the partitions of the days ahead, wherever they are missing; returns their names."""
    return layout.make_parts(session, at=at, retention=retention)


@needs("telemetry:maintain")
def drop_expired(session: Writer, *, actor: Actor, at: datetime, table: str, retention: Retention) -> list[str]:
    """Drop what one of CUT_TABLES no longer keeps; returns the names of the dropped. What is in use is left for later.

    Its strong lock is held until the transaction ends: give each table one of its own.
    """
    return layout.drop_expired(session, at=at, table=table, retention=retention)
