"""Somebody whose password was right and who has a second factor to show: kept in the signed cookie, not a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import session

from core.identity import rules
from portals.doors import at
from portals.security import own_path

_NAME = "half"
# A browser keeps a cookie of at most 4096 bytes.
LONGEST_TARGET = 1000


@dataclass(frozen=True, slots=True)
class Half:
    """Who it is, and where they wanted to go."""

    user_id: int
    target: str


def keep(user_id: int, *, target: str) -> None:
    """Remember that this person's password was right."""
    session[_NAME] = {"user_id": user_id, "at": at().isoformat(), "target": own_path(target[:LONGEST_TARGET]) or ""}


def find() -> Half | None:
    """Whose password was right in this browser within the last minutes, or None."""
    kept = session.get(_NAME)
    if kept is None or not rules.may_show_second_factor(since=datetime.fromisoformat(kept["at"]), at=at()):
        return None
    return Half(kept["user_id"], kept["target"])


def forget() -> None:
    """It has become a session, or was given up."""
    session.pop(_NAME, None)
