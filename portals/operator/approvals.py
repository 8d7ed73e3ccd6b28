"""What waits for a second person: everything they need to decide, on one card each."""

from __future__ import annotations

from flask import Response

from core.access import queries
from core.access.schemas import REASONS
from portals import hx
from portals.doors import actor, at, erp, read
from portals.operator import bp
from portals.orders.cards import read_cards

PARTS = ("operator/approvals/_approvals.html", "_orders/_waiting.html")


@bp.get("/approvals")
def list_approvals() -> Response:
    """The orders that wait for a second person, the oldest first, and those by break-glass that nobody reviewed yet.

    The number in the navigation is a fragment of it too.
    """
    return hx.render(
        "operator/approvals/list.html",
        next(filter(hx.is_asked_for, PARTS), None),
        cards=read_cards(read(), viewer=actor(), at=at(), timing=erp().settings.access),
        reviews=queries.list_reviews(read(), viewer=actor()),
        brakes=queries.list_brakes(read(), viewer=actor()),
        reasons=REASONS,
        now=at(),
    )
