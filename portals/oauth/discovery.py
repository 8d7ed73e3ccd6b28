"""What a program must know of the authorization server, at addresses that it knows (RFC 8414, OpenID Discovery)."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for

from core.identity.tokens import ALGORITHM, list_public_keys
from portals.doors import at, erp, read
from portals.oauth.blueprint import bp, well_known
from portals.oauth.clients import ANY_METHOD, SECRET_METHODS
from portals.oauth.server import SCOPES


@well_known.get("/oauth-authorization-server")
def authorization_server() -> Response:
    """RFC 8414."""
    return _published(_describe())


@well_known.get("/openid-configuration")
def openid_provider() -> Response:
    """OpenID Connect Discovery 1.0 section 4: the same, and what is told of people."""
    told = {
        "userinfo_endpoint": _address("oauth.tell_user"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["sub", "iss", "aud", "iat", "exp", "auth_time", "nonce", "at_hash", *_OF_A_PERSON],
        "prompt_values_supported": ["none", "login", "consent"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    return _published({**_describe(), **told})


@bp.get("/jwks.json")
def public_keys() -> Response:
    """RFC 7517: the keys that tokens are signed with, now and soon."""
    return _published({"keys": list_public_keys(read(), at=at())})


_OF_A_PERSON = ("name", "zoneinfo", "email")


def _describe() -> dict[str, Any]:
    return {
        "issuer": erp().tokens.issuer,
        "authorization_endpoint": _address("oauth.authorize"),
        "token_endpoint": _address("oauth.issue_token"),
        "revocation_endpoint": _address("oauth.revoke_token"),
        "introspection_endpoint": _address("oauth.introspect_token"),
        "jwks_uri": _address("oauth.public_keys"),
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": list(ANY_METHOD),
        "revocation_endpoint_auth_methods_supported": list(ANY_METHOD),
        "introspection_endpoint_auth_methods_supported": list(SECRET_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["en"],
    }


def _address(endpoint: str) -> str:
    return f"{erp().tokens.issuer}{url_for(endpoint)}"


def _published(what: dict[str, Any]) -> Response:
    response = jsonify(what)
    # Not for longer: a new key signs ten minutes after it was published (core/identity/tokens/lifetimes.py).
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
