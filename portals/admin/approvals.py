"""What waits for a second person, and what went without one and is to be reviewed."""

from __future__ import annotations

from flask import Response

from core.access import queries
from core.access.schemas import REASONS
from portals import hx
from portals.admin import bp
from portals.doors import actor, at, erp, read
from portals.orders.cards import is_by, read_cards

PARTS = ("admin/access/_approvals.html", "_orders/_waiting.html")


@bp.get("/approvals")
def list_approvals() -> Response:
    """The orders that wait for a second person, the oldest first, and the reviews that are due.

    The number in the navigation is a fragment of it too.
    """
    reviews = queries.list_reviews(read(), viewer=actor())
    return hx.render(
        "admin/access/approvals.html",
        next(filter(hx.is_asked_for, PARTS), None),
        cards=read_cards(read(), viewer=actor(), at=at(), timing=erp().settings.access),
        reviews=[(job, is_by(actor(), job)) for job in reviews],
        brakes=queries.list_brakes(read(), viewer=actor()),
        reasons=REASONS,
        now=at(),
    )
