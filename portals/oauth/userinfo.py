"""Who the person behind an app's token is (OpenID Connect Core section 5.3)."""

from __future__ import annotations

from flask import Response, jsonify

from core.errors import Forbidden, Unauthenticated
from core.identity import queries
from portals.auth import gates
from portals.doors import at, erp, read
from portals.oauth.blueprint import bp
from portals.oauth.openid import describe


@bp.route("/userinfo", methods=["GET", "POST"])
def tell_user() -> Response:
    """What the token's scopes let the app know. 403 without the scope `openid`, which a machine never has."""
    claims = erp().tokens.check(gates.bearer_token(), at=at())
    if "user" not in claims or "openid" not in claims["scope"].split():
        raise Forbidden("This token does not say who somebody is. Ask a person to sign in with the scope openid.")
    person = queries.find_person(read(), user_id=claims["user"], at=at())
    if person is None:
        raise Unauthenticated("This account is closed.")
    response = jsonify(describe(person, claims["scope"]))
    response.headers["Cache-Control"] = "no-store"
    return response
