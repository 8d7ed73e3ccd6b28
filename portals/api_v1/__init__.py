"""The JSON contract: `/api/v1`. Every request shows a bearer token; every refusal is a problem document."""

from __future__ import annotations

from flask import Blueprint

from portals import bodies
from portals.api_v1 import conditional, idempotency

bp = Blueprint("api_v1", __name__, url_prefix="/api/v1")
bp.before_request(bodies.count)
bp.before_request(idempotency.gate)
bp.after_request(conditional.answer_unchanged)

from portals.api_v1 import (  # noqa: E402 - they hang their views on bp
    access,  # noqa: F401
    changes,  # noqa: F401
    events,  # noqa: F401
    geofences,  # noqa: F401
    telemetry,  # noqa: F401
    vehicles,  # noqa: F401
)
