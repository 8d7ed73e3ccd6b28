"""How the tables of telemetry are cut by time, made ahead and dropped by age."""

from __future__ import annotations

from datetime import datetime

from core import partitions
from core.db import Writer


def keep_partitions(session: Writer, *, at: datetime, raw_retention_days: int) -> list[str]:
    """Make partitions ahead and drop those past retention; returns the names of the dropped."""
    dropped = []
    derived = ("minutes", "quarters", "hours", "days", "checkpoints")
    for table in ("telemetry_points", "telemetry_refusals", *(f"telemetry_{name}" for name in derived)):
        dropped += partitions.keep_days(session, table, at=at, days_back=raw_retention_days + 1)
    return dropped
