"""The driver portal: one person, one phone, one vehicle."""

from __future__ import annotations

from flask import Blueprint

from core.permissions import DRIVER
from portals import auth

NAV = [("driver.today", "Today", "steering-wheel")]

bp = Blueprint("driver", __name__, url_prefix="/driver")


@bp.before_request
def gate() -> None:
    """Drivers."""
    auth.gate(DRIVER)


@bp.context_processor
def frame() -> dict[str, object]:
    """What the layout of this portal needs."""
    return {"nav": NAV}


from portals.driver import today  # noqa: E402, F401 - it adds the routes
