"""What the fleet is doing now."""

from __future__ import annotations

from flask import Response, jsonify

from core.telemetry import queries
from portals import ranges
from portals.api_v1 import bp, pages
from portals.doors import actor, read


@bp.get("/telemetry/states")
def list_states() -> Response:
    """The latest states of the vehicles in sight, by vehicle id; with `changed_since` of those heard after it."""
    most = pages.limit(default=500, most=1000)
    states = queries.list_states_by_id(
        read(),
        viewer=actor(),
        after_id=pages.after_id(),
        changed_since=ranges.asked_moment("changed_since"),
        most=most,
    )
    return jsonify(pages.page(states, most=most, last_id=states[-1]["vehicle_id"] if states else None))
