"""The operator portal: the people who run the fleet, day and night."""

from __future__ import annotations

from flask import Blueprint

from core.permissions import OPERATOR, STAFF
from portals import auth

NAV = [
    ("operator.board", "Board", "map-2"),
    ("operator.list_vehicles", "Vehicles", "car"),
    ("operator.list_drivers", "Drivers", "users"),
]

bp = Blueprint("operator", __name__, url_prefix="/operator")


@bp.before_request
def gate() -> None:
    """Operators and park staff."""
    auth.gate(OPERATOR, STAFF)


@bp.context_processor
def frame() -> dict[str, object]:
    """What the layout of this portal needs."""
    return {"nav": NAV}


from portals.operator import access, board, drivers, registration, vehicles  # noqa: E402, F401 - they add the routes
