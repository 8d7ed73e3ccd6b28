"""Until when one can appeal, until when it is answered, and who may decide."""

from __future__ import annotations

from datetime import datetime, timedelta

HAND_IN_WITHIN = timedelta(days=14)
ANSWER_WITHIN = timedelta(days=7)


def is_in_time(decided_at: datetime, at: datetime) -> bool:
    """Whether what was decided at `decided_at` can still be appealed against."""
    return at <= decided_at + HAND_IN_WITHIN


def may_decide(who: str, decided_first: str | None) -> bool:
    """Whether somebody may decide an appeal: not who decided first. Both are pseudonyms; None: no person did."""
    return who != decided_first
