"""What waits for a second person: everything they need to decide, on one card each."""

from __future__ import annotations

from flask import Response

from core.access import queries
from core.access.schemas import REASONS
from portals import hx
from portals.doors import actor, at, erp, read
from portals.operator import bp
from portals.orders.cards import read_cards
from portals.orders.frame import find_part


@bp.get("/approvals")
def list_approvals() -> Response:
    """The orders that wait for a second person, the oldest first, and those by break-glass that nobody reviewed yet.

    What the frame of every page says of orders is a part of it too.
    """
    if (part := find_part()) is not None:
        return part
    return hx.render(
        "operator/approvals/list.html",
        "operator/approvals/_approvals.html",
        cards=read_cards(read(), viewer=actor(), at=at(), timing=erp().settings.access),
        reviews=queries.list_reviews(read(), viewer=actor()),
        reasons=REASONS,
        now=at(),
    )
