"""The JSON contract: `/api/v1`. Every request shows a bearer token; every refusal is a problem document."""

from __future__ import annotations

from flask import Blueprint

from core.errors import Unauthenticated
from portals import bodies
from portals.api_v1 import allowance, conditional, idempotency, pages

bp = Blueprint("api_v1", __name__, url_prefix="/api/v1")
bp.before_request(allowance.charge)
bp.before_request(bodies.count)
bp.before_request(idempotency.gate)
bp.after_request(conditional.answer_unchanged)
bp.after_request(pages.link)
bp.after_request(allowance.say)
bp.register_error_handler(Unauthenticated, allowance.answer_stranger)

from portals.api_v1 import (  # noqa: E402 - they hang their views on bp
    access,  # noqa: F401
    assignments,  # noqa: F401
    brakes,  # noqa: F401
    changes,  # noqa: F401
    debts,  # noqa: F401
    drivers,  # noqa: F401
    event_log,  # noqa: F401
    events,  # noqa: F401
    geofences,  # noqa: F401
    handovers,  # noqa: F401
    imports,  # noqa: F401
    inbox,  # noqa: F401
    openapi,  # noqa: F401
    standings,  # noqa: F401
    telemetry,  # noqa: F401
    vehicles,  # noqa: F401
    webhooks,  # noqa: F401
)
