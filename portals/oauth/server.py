"""Authlib's server, told of our clients, grants and tokens."""

from __future__ import annotations

from typing import Any, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2.rfc6749 import InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import request

from core.permissions import GRANTABLE, PERSONAL_SCOPES
from portals.doors import ErpApp, erp
from portals.oauth import clients
from portals.oauth.endpoints import Introspection, Revocation
from portals.oauth.grants import AuthorizationCode, ClientCredentials, Refresh
from portals.oauth.issuing import generate_token, keep_nothing
from portals.oauth.openid import IdentityToken
from portals.oauth.pkce import S256Only

SCOPES = {**GRANTABLE, **PERSONAL_SCOPES}


class Server(AuthorizationServer):  # type: ignore[misc]
    """Knows every scope, and tells the scopes that it does not know from those that a client may not have."""

    def validate_requested_scope(self, scope: str | None) -> None:
        """Raise invalid_scope for a word that is no scope: it is a mistake, not a wish."""
        unknown = sorted(set((scope or "").split()) - SCOPES.keys())
        if unknown:
            words = "".join(letter for letter in unknown[0] if letter.isalnum() or letter in ":_.-")[:60]
            raise InvalidScopeError(f"There is no scope {words}.")

    def create_oauth2_request(self, request_: object) -> OAuth2Request:
        """The request as Authlib sees it."""
        return _Request()


class _Request(FlaskOAuth2Request):  # type: ignore[misc]
    """Authlib refuses what did not come by TLS, which ends at the proxy before us: that it is there is for whoever
    sets the address of the product (docs/how-to/run-against-a-real-server.md), not for one request to find out.
    """

    def __init__(self) -> None:
        OAuth2Request.__init__(self, method=request.method, uri=f"https://{request.host}/", headers=request.headers)
        self._request = request
        self.payload = FlaskOAuth2Payload(request)


class _Issuer(IssuerParameter):  # type: ignore[misc]
    def get_issuer(self) -> str:
        return erp().tokens.issuer


def make_server(app: ErpApp) -> Server:
    """The server of this application."""
    server = Server(app, query_client=clients.find, save_token=keep_nothing)
    server.register_grant(ClientCredentials)
    server.register_grant(AuthorizationCode, [S256Only(), IdentityToken()])
    server.register_grant(Refresh)
    server.register_token_generator("default", generate_token)
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)
    server.register_extension(_Issuer())
    return server


def server() -> Server:
    """The server that serves this request."""
    return cast(Server, erp().extensions["oauth"])


def add_issuer(response: Any) -> Any:
    """Say who answers, where Authlib does not: an app with several servers must not mix them up (RFC 9207)."""
    _Issuer().add_issuer_parameter(server(), response)
    return response
