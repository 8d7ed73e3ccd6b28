"""Whether drivers may drive changes with time alone: a document expires, a suspension ends."""

from __future__ import annotations

from datetime import datetime

from core.access import queries, service
from core.config import StandingThresholds
from core.db import Database
from core.permissions import system

ACTOR = system("standings", "access:judge")
# So many in one round: the rest is due in the next, and the scheduler is held up for a second at most.
MOST = 100


def judge_due(database: Database, *, at: datetime, thresholds: StandingThresholds) -> int:
    """Judge the drivers whose time has come, each in a transaction of their own; returns how many. Done twice, or by
    two at once, it is done once.
    """
    with database.reading() as reader:
        due = queries.list_due_drivers(reader, viewer=ACTOR, at=at, most=MOST)
    for driver_id in due:
        with database.transaction() as session:
            service.judge_driver(session, actor=ACTOR, at=at, driver_id=driver_id, thresholds=thresholds)
    return len(due)
