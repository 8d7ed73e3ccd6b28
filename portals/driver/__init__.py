"""The driver portal: one person, one phone, one vehicle."""

from __future__ import annotations

from flask import Blueprint

from portals import policy
from portals.doors import actor

NAV = [("driver.today", "Today", "steering-wheel")]

bp = Blueprint("driver", __name__, url_prefix="/driver")


@bp.context_processor
def frame() -> dict[str, object]:
    """What the layout of this portal needs."""
    return {"nav": policy.offered(NAV, actor())}


from portals.driver import today  # noqa: E402, F401 - it adds the routes
