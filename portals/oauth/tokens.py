"""Where programs ask for tokens, give them back, and ask what they are worth."""

from __future__ import annotations

from typing import cast

from flask import Response, jsonify, request

from core.identity import service
from portals.doors import at, erp
from portals.oauth.blueprint import bp
from portals.oauth.endpoints import Introspection, Revocation
from portals.oauth.server import server

# A client that asks more often does not keep its tokens, or guesses. Tokens are good for a quarter of an hour.
MOST, PER_S = 120, 60


@bp.before_request
def slow_down() -> Response | None:
    """Refuse whoever asks too often from one address, before their secret is looked at (RFC 6749 section 2.3.1)."""
    if request.endpoint not in {"oauth.issue_token", "oauth.revoke_token", "oauth.introspect_token"}:
        return None
    source = f"{request.remote_addr} {_named_client()}"
    with erp().database.transaction() as session:
        wait_s = service.count_attempt(session, at=at(), what="oauth", source=source, most=MOST, per_s=PER_S)
    if wait_s is None:
        return None
    words = f"Too many requests. Keep a token until it expires, and ask again in {wait_s} seconds."
    response = jsonify(error="temporarily_unavailable", error_description=words)
    response.status_code = 429
    response.headers["Retry-After"] = str(wait_s)
    return response


@bp.post("/token")
def issue_token() -> Response:
    """RFC 6749 section 3.2: tokens for a machine's secret, for a code, for a refresh token."""
    return cast(Response, server().create_token_response())


@bp.post("/revoke")
def revoke_token() -> Response:
    """RFC 7009: a client gives a token back. 200 also for one that is unknown."""
    return cast(Response, server().create_endpoint_response(Revocation.ENDPOINT_NAME))


@bp.post("/introspect")
def introspect_token() -> Response:
    """RFC 7662: whether a client's token is good, and for what."""
    return cast(Response, server().create_endpoint_response(Introspection.ENDPOINT_NAME))


def _named_client() -> str:
    shown = request.authorization
    named = shown.username if shown is not None and shown.type == "basic" else request.form.get("client_id")
    return (named or "")[:80]
