"""What time alone does to orders: requests nobody approved end, and the breaker sees how much was locked."""

from __future__ import annotations

from datetime import datetime

from core.access import service
from core.config import AccessLimits
from core.db import Database
from core.permissions import system

ACTOR = system("scheduler", "access:advance")


def advance(database: Database, *, at: datetime, limits: AccessLimits) -> None:
    """Move on what has come to its time. Done twice, it is done once."""
    with database.transaction() as session:
        service.expire_requests(session, actor=ACTOR, at=at)
    with database.transaction() as session:
        service.watch_share(session, actor=ACTOR, at=at, limits=limits)
