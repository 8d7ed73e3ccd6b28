"""Our API clients in the shape in which Authlib asks about them."""

from __future__ import annotations

from authlib.oauth2.rfc6749 import ClientMixin

from core.identity import queries, rules
from core.identity.queries import Client
from core.permissions import PERSONAL_SCOPES
from portals.doors import at, read

SECRET_METHODS = ("client_secret_basic", "client_secret_post")
ANY_METHOD = (*SECRET_METHODS, "none")


class OAuthClient(ClientMixin):  # type: ignore[misc]
    """A machine uses client credentials; an app uses codes, and refreshes what came of them."""

    def __init__(self, client: Client) -> None:
        self.own = client

    def get_client_id(self) -> str:
        """The client's public name."""
        return self.own.client_id

    def get_default_redirect_uri(self) -> None:
        """None: an app says where to send the person, or nobody is sent anywhere."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Those of the asked scopes that the client may have, or None when that is none of them.

        A machine that asks for none asks for all of its own; an app says what it wants.
        """
        own = self.own.scopes | PERSONAL_SCOPES.keys() if self.own.is_app else self.own.scopes
        asked = set(scope.split()) if scope else set() if self.own.is_app else own
        return " ".join(sorted(asked & own)) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether codes may be sent there."""
        return rules.is_redirect_uri(redirect_uri, registered=self.own.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether the secret is right."""
        return self.own.check_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """A public app has nothing to show; everybody else shows their secret."""
        return method == "none" if self.own.is_public else method in SECRET_METHODS

    def check_response_type(self, response_type: str) -> bool:
        """Codes, and only for apps: other types put tokens into addresses (RFC 9700 section 2.1.2)."""
        return self.own.is_app and response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """What this kind of client may show for a token."""
        return grant_type in ({"authorization_code", "refresh_token"} if self.own.is_app else {"client_credentials"})


def find(client_id: str) -> OAuthClient | None:
    """The open client of this name."""
    client = queries.find_client(read(), client_id=client_id.replace("\0", ""), at=at())
    return None if client is None else OAuthClient(client)
