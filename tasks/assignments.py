"""Shifts that come back each week are made two weeks ahead; nobody else looks then."""

from __future__ import annotations

import logging
from datetime import datetime

from core import db
from core.db import Database
from core.drivers import queries, service
from core.errors import Refusal
from core.permissions import system

log = logging.getLogger(__name__)

ACTOR = system("shifts", "drivers:assign")


def make_ahead(database: Database, *, at: datetime) -> int:
    """Make the shifts that are due of all patterns; returns how many were made.

    Each pattern in a transaction of its own, so that one which fails holds up no other. Done twice, none is made twice.
    """
    with database.reading() as reader:
        due = queries.list_pattern_ids(reader, viewer=ACTOR)
    made = 0
    for pattern_id in due:
        try:
            with database.transaction() as session:
                made += service.make_shifts(session, actor=ACTOR, at=at, pattern_id=pattern_id)
        except db.AWAY:
            raise
        except Refusal as ended:
            log.info("shift pattern %s: %s", pattern_id, ended.detail)
        except Exception:
            log.exception("the shifts of pattern %s could not be made", pattern_id)
    return made
