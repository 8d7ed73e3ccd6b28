"""What every page of operators and administrators says of orders: how many wait for them, and what holds all locks."""

from __future__ import annotations

from typing import Any

from flask import Response

from core.access import queries
from core.access.queries import BrakeRecord
from portals import hx
from portals.doors import actor, at, read

# Each is kept fresh alone, by the page of approvals: nothing else of that page is read for it.
PARTS = ("_orders/_waiting.html", "_orders/_held.html")


def frame_of(approvals: str) -> dict[str, Any]:
    """What the layout needs, for the portal whose page of approvals is the endpoint `approvals`. Read when shown."""
    return {
        "nav_counted": approvals,
        "watches_orders": actor().may("access:read"),
        "count_waiting": _count_waiting,
        "list_brakes_on": _list_brakes_on,
    }


def find_part() -> Response | None:
    """The part of the frame that was asked for, or None."""
    part = next(filter(hx.is_asked_for, PARTS), None)
    return None if part is None else hx.render(part, part)


def _count_waiting() -> int:
    return queries.count_approvals(read(), viewer=actor(), at=at()) if actor().may("access:read") else 0


def _list_brakes_on() -> list[BrakeRecord]:
    return queries.list_brakes(read(), viewer=actor())
