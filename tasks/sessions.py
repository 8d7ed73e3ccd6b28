"""Forgetting what is over: sessions, letters that have left, and counts of attempts."""

from __future__ import annotations

from datetime import datetime

from core.db import Database
from core.identity import service
from core.permissions import system

ACTOR = system("scheduler", "identity:maintain")


def forget_old(database: Database, *, at: datetime) -> None:
    """Drop what is past its time. Done twice, it is done once."""
    with database.transaction() as session:
        service.drop_old_sessions(session, actor=ACTOR, at=at)
        service.drop_old_letters(session, actor=ACTOR, at=at)
        service.drop_old_counts(session, actor=ACTOR, at=at)
