"""Whether drivers may drive changes with time alone, and with what they owe: nobody else looks then."""

from __future__ import annotations

import logging
from datetime import datetime

from core import db
from core.access import queries, service
from core.config import StandingThresholds
from core.db import Database
from core.permissions import system

log = logging.getLogger(__name__)

ACTOR = system("standings", "access:judge")
# So many in one round: the rest is due in the next, and the scheduler is held up for a second or two at most.
MOST = 100


def judge_due(database: Database, *, at: datetime, thresholds: StandingThresholds) -> int:
    """Judge the drivers whose time has come or whose debt was noted; returns how many were looked at.

    Each in a transaction of their own, so that one who cannot be judged holds up nobody. Done twice, or by two at once,
    it is done once.
    """
    with database.reading() as reader:
        due = queries.list_due_drivers(reader, viewer=ACTOR, at=at, most=MOST)
    for driver_id in due:
        try:
            with database.transaction() as session:
                service.judge_driver(session, actor=ACTOR, at=at, driver_id=driver_id, thresholds=thresholds)
        except db.AWAY:
            raise
        except Exception:
            log.exception("driver %s could not be judged", driver_id)
    return len(due)
