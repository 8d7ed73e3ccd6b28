"""Single points: the newest, the refused, and how many came in."""

from __future__ import annotations

from flask import Response, jsonify

from core.telemetry import queries
from portals.api_v1 import bp, pages
from portals.doors import actor, read


@bp.get("/telemetry/<int:vehicle_id>")
def list_points(vehicle_id: int) -> Response:
    """The newest points of one vehicle, newest first."""
    most = pages.limit(default=10, most=1000)
    points = queries.list_last_points(read(), viewer=actor(), vehicle_id=vehicle_id, most=most)
    return jsonify({"vehicle_id": vehicle_id, "points": points})


@bp.get("/telemetry/<int:vehicle_id>/refused")
def list_refused(vehicle_id: int) -> Response:
    """The newest refused points of one vehicle, each with its rule and what was sent."""
    most = pages.limit(default=50, most=500)
    refused = queries.list_refusals(read(), viewer=actor(), vehicle_id=vehicle_id, most=most)
    return jsonify({"vehicle_id": vehicle_id, "refused": refused})


@bp.get("/telemetry/intake")
def list_intake() -> Response:
    """Of each vehicle, how many points ever came in: received = stored + duplicates + refused."""
    most = pages.limit(default=500, most=1000)
    counts = queries.list_intake(read(), viewer=actor(), after_id=pages.after_id(), most=most)
    return jsonify(pages.page(counts, most=most, last_id=counts[-1]["vehicle_id"] if counts else None))
