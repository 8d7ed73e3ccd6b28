"""The authorization server: tokens for programs, and the keys to check them with."""

from __future__ import annotations

from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from flask import Blueprint, Response, jsonify

from core.identity import queries
from core.identity.queries import Client
from core.identity.tokens import Holder, list_public_keys
from portals.doors import ErpApp, at, erp, read

bp = Blueprint("oauth", __name__, url_prefix="/oauth")

TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


@bp.post("/token")
def issue_token() -> Response:
    """RFC 6749 section 3.2: an access token for client credentials."""
    server: AuthorizationServer = erp().extensions["oauth"]
    response: Response = server.create_token_response()
    return response


@bp.get("/jwks.json")
def public_keys() -> Response:
    """RFC 7517: the keys that access tokens are signed with."""
    response = jsonify(keys=list_public_keys(read(), at=at()))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def install(app: ErpApp) -> None:
    """Give the application its token endpoint."""
    server = AuthorizationServer(app, query_client=_find_client, save_token=_keep_nothing)
    server.register_grant(ClientCredentials)
    server.register_token_generator("default", _generate_token)
    app.extensions["oauth"] = server
    app.register_blueprint(bp)


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials by HTTP Basic or in the form (RFC 6749 section 2.3.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = TOKEN_ENDPOINT_AUTH_METHODS


class OAuthClient(ClientMixin):  # type: ignore[misc]
    """Our API client in the shape Authlib asks for."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        """The client's public name."""
        return self.client.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        """Those of the asked scopes that the client may have; asking for none means all of them."""
        asked = set(scope.split()) if scope else set(self.client.scopes)
        return " ".join(sorted(asked & self.client.scopes))

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether the secret is right."""
        return self.client.check_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Both ways of showing the secret are taken."""
        return method in TOKEN_ENDPOINT_AUTH_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """Machines use client credentials."""
        return grant_type == "client_credentials"


def _find_client(client_id: str) -> OAuthClient | None:
    client = queries.find_client(read(), client_id=client_id)
    return None if client is None else OAuthClient(client)


def _generate_token(
    grant_type: str,
    client: OAuthClient,
    user: object = None,
    scope: str | None = None,
    expires_in: int | None = None,
    include_refresh_token: bool = False,
) -> dict[str, Any]:
    own = client.client
    return erp().tokens.issue(
        Holder(own.client_id, own.name, own.park_ids), scope=client.get_allowed_scope(scope), at=at()
    )


def _keep_nothing(token: dict[str, Any], oauth_request: object) -> None:
    """Access tokens are signed, short-lived and not stored."""
