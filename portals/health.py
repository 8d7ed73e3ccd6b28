"""`GET /healthz`: whether all of it is well, and how far it is behind."""

from __future__ import annotations

import logging
import time

from flask import Blueprint, Response, jsonify

from core import audit_health, health
from core.db import AWAY
from core.webhooks import queries as webhooks
from portals.doors import at, read

bp = Blueprint("health", __name__)
log = logging.getLogger(__name__)
_STARTED = time.monotonic()


@bp.get("/healthz")
def healthz() -> tuple[Response, int]:
    """`status` is ok, degraded (something behind the web is not well) or down (no database), with the reasons.

    Only "down" is a 503: a proxy must not take every web replica away because a worker is being restarted.
    """
    try:
        found = health.check(read(), at=at())
        standing = webhooks.check(read(), at=at())
        audit_log = audit_health.check(read(), at=at())
    except AWAY as problem:
        log.warning("the database did not answer: %s", problem)
        reason = "The database does not answer. Nothing can be read or written until it is back."
        down = {"status": "down", "uptime": _uptime(), "lag_ms": None, "reasons": [reason]}
        return _uncached(jsonify(down)), 503
    body: dict[str, object] = {"status": found.status, "uptime": _uptime(), "lag_ms": found.lag_ms}
    reasons = [*found.reasons, *audit_log, *_say(standing)]
    if standing.overdue_since is not None or audit_log:
        body["status"] = "degraded"
    if reasons:
        body["reasons"] = reasons
    return _uncached(jsonify(body)), 200


def _say(standing: webhooks.Standing) -> list[str]:
    """Of webhooks only what is ours to mend makes the product unwell; a receiver that fails is told of, no more."""
    said = []
    if standing.overdue_since is not None:
        said.append(f"Webhook messages are due since {standing.overdue_since:%Y-%m-%d %H:%M:%S} UTC and are not sent.")
    if standing.disabled:
        said.append(f"Webhook endpoints that were disabled because they failed: {standing.disabled}.")
    return said


def _uptime() -> str:
    seconds = int(time.monotonic() - _STARTED)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours}h{minutes}m"
    return f"{minutes}m{seconds % 60}s"


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
