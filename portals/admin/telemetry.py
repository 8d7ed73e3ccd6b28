"""The points that were refused, each with its rule and the words in which the device sent it."""

from __future__ import annotations

from flask import Response

from core.errors import NotFound
from core.telemetry import queries
from portals import hx
from portals.admin import bp
from portals.admin.asked import as_id, asked_text
from portals.doors import actor, read

MOST = 100


@bp.get("/telemetry/refusals")
def list_refusals() -> Response:
    """The newest refused points, of one vehicle when asked."""
    text = asked_text("vehicle_id")
    vehicle_id = as_id(text)
    if text and vehicle_id is None:
        raise NotFound(f"There is no vehicle {text}. A vehicle is named by its number here.")
    refusals = queries.list_refusals(read(), viewer=actor(), vehicle_id=vehicle_id, most=MOST)
    return hx.render(
        "admin/telemetry/refusals.html",
        refusals=refusals,
        vehicle_id=vehicle_id,
        is_cut=len(refusals) == MOST,
    )
