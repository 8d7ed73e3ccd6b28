"""What waits for a second person, and what went without one and is to be reviewed."""

from __future__ import annotations

from flask import Response

from core.access import queries
from core.access.schemas import REASONS
from portals import hx
from portals.admin import bp
from portals.doors import actor, at, erp, read
from portals.orders.cards import is_by, read_cards
from portals.orders.frame import find_part


@bp.get("/approvals")
def list_approvals() -> Response:
    """The orders that wait for a second person, the oldest first, and the reviews that are due.

    What the frame of every page says of orders is a part of it too.
    """
    if (part := find_part()) is not None:
        return part
    reviews = queries.list_reviews(read(), viewer=actor())
    return hx.render(
        "admin/access/approvals.html",
        "admin/access/_approvals.html",
        cards=read_cards(read(), viewer=actor(), at=at(), timing=erp().settings.access),
        reviews=[(job, is_by(actor(), job)) for job in reviews],
        reasons=REASONS,
        now=at(),
    )
