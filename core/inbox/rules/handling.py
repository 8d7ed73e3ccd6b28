"""What a person may do with an item as it stands, and what is said when they may not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.inbox.rules.catalog import KINDS
from core.inbox.rules.claims import ClosedWhy, ItemState

LONGEST_SNOOZE = timedelta(days=90)
# What a person can say of an item they close.
REASONS: Mapping[ClosedWhy, str] = {
    ClosedWhy.DONE: "Done",
    ClosedWhy.NO_PROBLEM: "It was no problem",
    ClosedWhy.ELSEWHERE: "It is followed up elsewhere",
}
_CLOSED = "It is closed already."


def acknowledge_problem(state: ItemState) -> str | None:
    """Why an item cannot be acknowledged."""
    if state is ItemState.ACKNOWLEDGED:
        return "Somebody has acknowledged it already."
    return _CLOSED if state is ItemState.CLOSED else None


def assign_problem(state: ItemState) -> str | None:
    """Why an item cannot be assigned to anybody."""
    return _CLOSED if state is ItemState.CLOSED else None


def snooze_problem(state: ItemState) -> str | None:
    """Why an item cannot be put off."""
    return _CLOSED if state is ItemState.CLOSED else None


def close_problem(kind: str, state: ItemState) -> str | None:
    """Why a person cannot close an item."""
    if state is ItemState.CLOSED:
        return _CLOSED
    if KINDS[kind].by_hand:
        return None
    return f"It closes by itself: {KINDS[kind].closes} Snooze it if it can wait."


def until_problem(until: datetime, at: datetime) -> str | None:
    """Why an item cannot be put off until then."""
    if until <= at:
        return "Choose a moment that is still to come."
    return f"At most {LONGEST_SNOOZE.days} days." if until > at + LONGEST_SNOOZE else None
