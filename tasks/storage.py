"""Upkeep of the tables cut by day."""

from __future__ import annotations

from datetime import datetime

from core import outbox
from core.db import Database
from core.permissions import system
from core.telemetry import service as telemetry

ACTOR = system("storage")
FACTS_KEPT_DAYS = 2


def keep_storage(database: Database, *, at: datetime, raw_retention_days: int) -> list[str]:
    """Make the partitions of the days ahead and drop those past retention; returns the names of the dropped."""
    with database.transaction() as session:
        dropped = telemetry.keep_storage(session, actor=ACTOR, at=at, raw_retention_days=raw_retention_days)
        dropped += outbox.keep_storage(session, at=at, days_back=FACTS_KEPT_DAYS)
    return dropped
