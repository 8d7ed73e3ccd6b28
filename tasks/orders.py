"""How much was locked: looked at every few seconds, also while no lock tries to leave."""

from __future__ import annotations

from datetime import datetime

from core.access import service
from core.config import AccessLimits
from core.db import Database
from core.permissions import system

ACTOR = system("breaker", "access:advance")


def watch_share(database: Database, *, at: datetime, limits: AccessLimits) -> None:
    """Trip the breaker when the share of the hour is reached and more wait. Done twice, it is done once."""
    with database.transaction() as session:
        service.watch_share(session, actor=ACTOR, at=at, limits=limits)
