"""The JSON contract: `/api/v1`. Every request shows a bearer token; every refusal is a problem document."""

from __future__ import annotations

from flask import Blueprint, request

from portals import bodies
from portals.api_v1.contract import find_operation
from portals.auth import bearer

bp = Blueprint("api_v1", __name__, url_prefix="/api/v1")


@bp.before_request
def let_in() -> None:
    """Let in who shows a good access token, and anybody where the declaration of the view says so."""
    declared = find_operation(request.endpoint)
    if declared is None or declared.needs is not None:
        bearer()


bp.before_request(bodies.count)

from portals.api_v1 import (  # noqa: E402 - they hang their views on bp
    access,  # noqa: F401
    changes,  # noqa: F401
    events,  # noqa: F401
    geofences,  # noqa: F401
    openapi,  # noqa: F401
    telemetry,  # noqa: F401
    vehicles,  # noqa: F401
)
