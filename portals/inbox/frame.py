"""How many items nobody has answered, in the navigation of every page."""

from __future__ import annotations

from typing import Any

from flask import Response

from core.inbox import queries
from portals import hx
from portals.doors import actor, read

PART = "_inbox/_unanswered.html"


def frame_of(inbox: str) -> dict[str, Any]:
    """What the layout needs, for the portal whose inbox is the endpoint `inbox`. Read when shown."""
    return {"nav_inbox": inbox, "count_unanswered": _count_unanswered}


def find_part() -> Response | None:
    """The count alone, if it was asked for."""
    return hx.render(PART, PART) if hx.is_asked_for(PART) else None


def _count_unanswered() -> tuple[int, int]:
    return queries.count_waiting(read(), viewer=actor()) if actor().may("inbox:read") else (0, 0)
