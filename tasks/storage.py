"""Upkeep of the tables cut by time."""

from __future__ import annotations

from datetime import datetime

from core import idempotency, outbox
from core.config import Retention
from core.db import Database
from core.permissions import system
from core.telemetry import service as telemetry

ACTOR = system("storage", "telemetry:maintain")


def make_storage(database: Database, *, at: datetime, retention: Retention) -> list[str]:
    """Make the partitions of the days ahead, without holding up readers or writers; returns the names of the made."""
    with database.transaction() as session:
        made = telemetry.make_storage(session, actor=ACTOR, at=at, retention=retention)
        made += outbox.make_storage(session, at=at)
    return made


def keep_storage(database: Database, *, at: datetime, retention: Retention) -> list[str]:
    """Make the partitions of the days ahead and drop those past retention; returns the names of the dropped.

    The answers kept for repeated requests are forgotten after their day, too.

    One table at a time: two strong locks held together could meet an intake that holds the second and wants the first.
    """
    make_storage(database, at=at, retention=retention)
    dropped: list[str] = []
    for table in telemetry.CUT_TABLES:
        with database.transaction() as session:
            dropped += telemetry.drop_expired(session, actor=ACTOR, at=at, table=table, retention=retention)
    with database.transaction() as session:
        dropped += outbox.drop_expired(session, at=at)
    with database.transaction() as session:
        idempotency.drop_expired(session, at=at)
    return dropped
