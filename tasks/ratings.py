"""Drivers are rated each day, feedback is released in batches, and appeals that wait too long go further up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from core import db
from core.config import StandingThresholds
from core.db import Database, Writer
from core.permissions import system
from core.ratings import queries, service

log = logging.getLogger(__name__)

ACTOR = system("ratings", "ratings:compute", "access:judge")
# So many in one round: the rest is done in the next, and the scheduler is held up for a second or two at most.
MOST = 50


def keep_ratings(database: Database, *, at: datetime, thresholds: StandingThresholds) -> int:
    """Do what is due; returns how much was done. Each in a transaction of its own; done twice, it is done once."""
    with database.reading() as reader:
        feedback = queries.list_due_feedback(reader, viewer=ACTOR, at=at, most=MOST)
        unrated = queries.list_due_ratings(reader, viewer=ACTOR, at=at, most=MOST)
        appeals = queries.list_due_appeals(reader, viewer=ACTOR, at=at, most=MOST)

    # Feedback first: what is released counts in the rating.
    def release(session: Writer, driver_id: int) -> None:
        service.release_feedback(session, actor=ACTOR, at=at, driver_id=driver_id)

    def rate(session: Writer, driver_id: int) -> None:
        service.rate_driver(session, actor=ACTOR, at=at, driver_id=driver_id, thresholds=thresholds)

    def escalate(session: Writer, appeal_id: int) -> None:
        service.escalate_appeal(session, actor=ACTOR, at=at, appeal_id=appeal_id)

    return _each(database, feedback, release) + _each(database, unrated, rate) + _each(database, appeals, escalate)


def _each(database: Database, ids: Sequence[int], act: Callable[[Writer, int], None]) -> int:
    for id_ in ids:
        try:
            with database.transaction() as session:
                act(session, id_)
        except db.AWAY:
            raise
        except Exception:
            log.exception("%s of %s was not done", act.__name__, id_)
    return len(ids)
