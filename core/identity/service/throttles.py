"""How often something may be tried from one place: counted in the database, so that every process counts together."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.db import Writer
from core.identity.models import Throttle
from core.permissions import Actor, needs

# A count older than this says nothing to anybody: no limit looks further back.
KEPT = timedelta(days=1)


def count_attempt(session: Writer, *, at: datetime, what: str, source: str, most: int, per_s: int) -> int | None:
    """Count one attempt at `what` from `source`; None while there were at most `most` within `per_s` seconds of the
    first, else in how many seconds the count begins anew.

    The row is locked until the transaction ends: give it a transaction of its own, so that the count stays when what
    was tried is refused, and whoever tries from the same place does not wait for it. `source` is kept hashed.
    """
    fresh = Throttle.began_at <= at - timedelta(seconds=per_s)
    first = insert(Throttle).values(key=throttle_key(what, source), count=1, began_at=at)
    counted = session.execute(
        first.on_conflict_do_update(
            index_elements=[Throttle.key],
            set_={
                "count": sa.case((fresh, 1), else_=Throttle.count + 1),
                "began_at": sa.case((fresh, at), else_=Throttle.began_at),
            },
        ).returning(Throttle.count.label("tried"), Throttle.began_at)
    ).one()
    if counted.tried <= most:
        return None
    waits_s: float = (counted.began_at - at).total_seconds() + per_s
    return max(1, math.ceil(waits_s))


@needs("identity:maintain")
def drop_old_counts(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Forget counts that no limit looks at any more; returns how many."""
    gone = session.execute(sa.delete(Throttle).where(Throttle.began_at < at - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def throttle_key(what: str, source: str) -> str:
    """The key of a count: it does not tell whom it is about."""
    return hashlib.sha256(f"{what}\0{source}".encode()).hexdigest()
