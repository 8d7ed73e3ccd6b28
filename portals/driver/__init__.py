"""The driver portal: one person, one phone, one vehicle."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, g

from core.drivers import queries
from portals import policy
from portals.doors import actor, at, read

NAV = [
    ("driver.today", "Today", "steering-wheel"),
    ("driver.list_documents", "Papers", "file-text"),
    ("driver.show_shift", "Shift", "calendar"),
    ("driver.list_own_events", "Events", "activity"),
    ("driver.show_codes", "Emergency", "key"),
    ("driver.show_own_access", "Access", "id-badge-2"),
]

bp = Blueprint("driver", __name__, url_prefix="/driver")


@bp.before_request
def own() -> None:
    """The vehicle that the driver has now is their own."""
    g.actor = replace(actor(), assets=queries.list_own_vehicle_ids(read(), viewer=actor(), at=at()))


@bp.context_processor
def frame() -> dict[str, object]:
    """What the layout of this portal needs."""
    return {"nav": policy.offered(NAV, actor())}


from portals.driver import (  # noqa: E402 - they add the routes
    codes,  # noqa: F401
    documents,  # noqa: F401
    events,  # noqa: F401
    handover,  # noqa: F401
    locks,  # noqa: F401
    me,  # noqa: F401
    rating,  # noqa: F401
    shift,  # noqa: F401
    standing,  # noqa: F401
    today,  # noqa: F401
)
