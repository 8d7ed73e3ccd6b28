"""From facts to jobs: woken by each commit that published one, swept every second."""

from __future__ import annotations

from datetime import datetime

from core import consequences
from core.db import Database
from tasks.app import enqueue
from tasks.subscriptions import SUBSCRIPTIONS


def relay(database: Database, *, at: datetime) -> int:
    """Give every new fact's consequences to the workers, and the overdue ones again; returns how many."""
    with database.transaction() as session:
        drawn = consequences.draw(session, at=at, subscriptions=SUBSCRIPTIONS)
        overdue = consequences.find_overdue(session, at=at)
        enqueue(session, [*drawn, *overdue])
    return len(drawn) + len(overdue)
