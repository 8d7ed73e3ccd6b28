"""The JSON contract: `/api/v1`. Every request shows a bearer token; every refusal is a problem document."""

from __future__ import annotations

from flask import Blueprint

from portals.auth import bearer

bp = Blueprint("api_v1", __name__, url_prefix="/api/v1")
bp.before_request(bearer)

from portals.api_v1 import access, changes, telemetry, vehicles  # noqa: E402, F401 - they hang their views on bp
