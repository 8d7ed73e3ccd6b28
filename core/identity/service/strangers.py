"""Guesses at the password of an e-mail that nobody has: locked as if somebody had it, so that nobody can tell."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from core.db import Writer
from core.identity import rules
from core.identity.models import Throttle
from core.identity.service.throttles import throttle_key

_WHAT = "sign-in of nobody"


def find_lock(session: Writer, *, email: str, at: datetime) -> datetime | None:
    """Until when an e-mail that nobody has is locked by guesses; None when it is not."""
    row = session.get(Throttle, throttle_key(_WHAT, email), with_for_update=True)
    return None if row is None else rules.next_lockout(failed_count=row.count, at=row.began_at)


def count_failure(session: Writer, *, email: str, at: datetime) -> None:
    """Count a guess at the password of an e-mail that nobody has. The row tells how many, and when the latest was."""
    first = insert(Throttle).values(key=throttle_key(_WHAT, email), count=1, began_at=at)
    session.execute(
        first.on_conflict_do_update(index_elements=[Throttle.key], set_={"count": Throttle.count + 1, "began_at": at})
    )
