"""The number beside “Approvals” in the navigation."""

from __future__ import annotations

from core.access import queries
from portals.doors import actor, at, read


def count_waiting() -> int:
    """How many orders wait for just this person; none for who may not read orders."""
    return queries.count_approvals(read(), viewer=actor(), at=at()) if actor().may("access:read") else 0
