"""Giving a token back (RFC 7009), and asking what one is worth (RFC 7662)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from core.errors import Unauthenticated
from core.identity import queries, service
from core.identity.queries import LivingToken
from portals.doors import at, erp, read, write
from portals.oauth.clients import ANY_METHOD, SECRET_METHODS, OAuthClient


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that a client shows: an access token by its claims, or the text of what may be a refresh token."""

    text: str
    claims: dict[str, Any] | None
    refresh: LivingToken | None

    def check_client(self, client: OAuthClient) -> bool:
        """Whether it is this client's. What is no living token is anybody's: there is nothing to protect."""
        owner = self.claims["client_id"] if self.claims else self.refresh.client_id if self.refresh else None
        return owner in {None, client.get_client_id()}

    def is_expired(self) -> bool:
        """Whether it is worth nothing."""
        return self.claims is None and self.refresh is None

    def is_revoked(self) -> bool:
        """Never: what is revoked is not found."""
        return False


def _show(text: str) -> Shown:
    try:
        return Shown(text, erp().tokens.check(text, at=at()), None)
    except Unauthenticated:
        return Shown(text, None, queries.find_refresh_token(read(), token=text, at=at()))


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """An access token ends alone; a refresh token ends the whole sign-in to the app (RFC 7009 section 2.1)."""

    CLIENT_AUTH_METHODS = ANY_METHOD

    def query_token(self, token_string: str, token_type_hint: str | None) -> Shown:
        """The token, whatever the client believes it to be."""
        return _show(token_string)

    def revoke_token(self, token: Shown, request: OAuth2Request) -> None:
        """End it. One that is used or unknown is given back too: a used refresh token ends its family."""
        if token.claims is not None:
            service.revoke_access_token(write(), at=at(), jti=token.claims["jti"])
        else:
            client: OAuthClient = request.client
            service.revoke_refresh_token(write(), at=at(), token=token.text, client_id=client.own.id)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """A client asks about its own tokens; another's is as unknown as none (section 2.2)."""

    CLIENT_AUTH_METHODS = SECRET_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Shown:
        """The token, whatever the client believes it to be."""
        return _show(token_string)

    def check_permission(self, token: Shown, client: OAuthClient, request: OAuth2Request) -> bool:
        """Whether this client may know."""
        return token.check_client(client)

    def introspect_token(self, token: Shown) -> dict[str, Any]:
        """What a good token is worth. Times are whole seconds since 1970."""
        if token.refresh is not None:
            return {
                "active": True,
                "client_id": token.refresh.client_id,
                "sub": str(token.refresh.handle),
                "scope": " ".join(sorted(token.refresh.scopes)),
                "iat": int(token.refresh.created_at.timestamp()),
                "exp": int(token.refresh.expires_at.timestamp()),
                "iss": erp().tokens.issuer,
            }
        claims = token.claims
        assert claims is not None
        told = {name: claims[name] for name in ("client_id", "sub", "scope", "exp", "iss", "aud", "jti")}
        return {"active": True, "token_type": "Bearer", "iat": int(claims["iat"]), **told}
