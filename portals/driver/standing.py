"""My access: whether I may drive, why, and what I do about it."""

from __future__ import annotations

from flask import Response

from core.access import queries
from portals import hx
from portals.doors import actor, at, read
from portals.driver import bp


@bp.get("/access")
def show_own_access() -> Response:
    """How I stand, and how that changed."""
    return hx.render(
        "driver/standing.html",
        standing=queries.find_own_standing(read(), viewer=actor(), at=at()),
        changes=queries.list_own_standing_changes(read(), viewer=actor()),
    )
