"""The grace of locks: warnings begun, letters' fate read, orders armed or given up when their time has come."""

from __future__ import annotations

import logging
from datetime import datetime

from core import db
from core.access import queries, service
from core.config import AccessTiming
from core.db import Database
from core.identity.service import Post
from core.permissions import system

log = logging.getLogger(__name__)

ACTOR = system("notices", "access:advance")
# So many in one round: the rest is due in the next.
MOST = 100


def advance_due(database: Database, *, at: datetime, timing: AccessTiming, post: Post) -> int:
    """Move on the orders whose time has come; returns how many were looked at. One query when there are none.

    Each in a transaction of its own, so that one that cannot be moved holds up none. Done twice, it is done once.
    """
    with database.reading() as reader:
        due = queries.list_due_orders(reader, viewer=ACTOR, at=at, most=MOST)
    for order in due:
        try:
            with database.transaction() as session:
                service.advance_order(
                    session,
                    actor=ACTOR,
                    at=at,
                    vehicle_id=order.vehicle_id,
                    job_id=order.job_id,
                    timing=timing,
                    post=post,
                )
        except db.AWAY:
            raise
        except Exception:
            log.exception("order %s could not be moved on", order.job_id)
    return len(due)
