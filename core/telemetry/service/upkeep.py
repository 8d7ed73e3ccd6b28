"""Upkeep of the tables of telemetry."""

from __future__ import annotations

from datetime import datetime

from core.db import Writer
from core.permissions import Actor, needs
from core.telemetry.store import layout


@needs("telemetry:maintain")
def keep_storage(session: Writer, *, actor: Actor, at: datetime, raw_retention_days: int) -> list[str]:
    """Make tomorrow's partitions and drop those past retention; returns the names of the dropped."""
    return layout.keep_partitions(session, at=at, raw_retention_days=raw_retention_days)
