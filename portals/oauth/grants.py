"""What may be shown at the token endpoint: a client's own secret, a code, a refresh token (RFC 6749 section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.grants.base import BaseGrant

from core.identity import queries, service
from core.identity.queries import Client, Person, SignedIn
from core.identity.service import Asked, Family, TakenCode
from portals.doors import at, write
from portals.oauth.clients import ANY_METHOD, OAuthClient


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a signed-in person has just allowed an app."""

    person: SignedIn
    scopes: frozenset[str]
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Consenting:
    """A person who lets an app act for them, and the family that its token will belong to."""

    person: Person
    family: Family


class _Known(BaseGrant):  # type: ignore[misc]
    """A client that has proved itself is read again under its lock: what is taken from it meanwhile is not given."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANY_METHOD

    def authenticate_token_endpoint_client(self) -> OAuthClient:
        """The client of this request. Raises invalid_client."""
        named: OAuthClient = super().authenticate_token_endpoint_client()
        client_id = named.get_client_id()
        is_open = service.use_client(write(), at=at(), client_id=client_id)
        client = queries.find_client(write().connection(), client_id=client_id, at=at()) if is_open else None
        if client is None:
            raise InvalidClientError("The client was closed.")
        return OAuthClient(client)


class ClientCredentials(_Known, ClientCredentialsGrant):  # type: ignore[misc]
    """A machine shows its secret, by HTTP Basic or in the form, and acts by itself."""


class Taken:
    """A code that was good, in the shape in which Authlib asks about it."""

    def __init__(self, code: TakenCode) -> None:
        self.code = code

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.code.redirect_uri

    def get_scope(self) -> str:
        """What the person allowed."""
        return " ".join(sorted(self.code.family.scopes))


class AuthorizationCode(_Known, AuthorizationCodeGrant):  # type: ignore[misc]
    """An app shows the code that a person's browser brought it (RFC 6749 section 4.1)."""

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Nothing: the code was made and kept by `generate_authorization_code`."""

    def generate_authorization_code(self) -> str:
        """A code for what the person has just allowed."""
        allowed: Allowed = self.request.user
        data = self.request.payload.data
        asked = Asked(allowed.scopes, allowed.redirect_uri, data["code_challenge"], data.get("nonce"))
        return service.authorize_app(
            write(),
            actor=allowed.person.actor,
            at=at(),
            client_id=self.request.client.get_client_id(),
            asked=asked,
            session_id=allowed.person.session_id,
        )

    def query_authorization_code(self, code: str, client: OAuthClient) -> Taken | None:
        """The code, used up by this; None when it is not good."""
        taken = service.take_code(write(), at=at(), code=code, client_id=client.own.id)
        return None if taken is None else Taken(taken)

    def delete_authorization_code(self, authorization_code: Taken) -> None:
        """Nothing: it is kept, so that it is known when it is shown again."""

    def authenticate_user(self, authorization_code: Taken) -> Consenting | None:
        """Whose code it is."""
        return _consenting(authorization_code.code.family)


class Refreshed:
    """A refresh token that was good, in the shape in which Authlib asks about it."""

    def __init__(self, text: str, family: Family) -> None:
        self.text = text
        self.family = family

    def check_client(self, client: OAuthClient) -> bool:
        """Whether it is this client's."""
        return self.family.client_id == client.own.id

    def get_scope(self) -> str:
        """What the person allowed."""
        return " ".join(sorted(self.family.scopes))


class Refresh(_Known, RefreshTokenGrant):  # type: ignore[misc]
    """An app shows a refresh token, gets the next one with an access token, and the shown one is used up."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Refreshed | None:
        """The token, held by this request alone; None when it is not good."""
        client: Client = self.request.client.own
        family = service.hold_refresh_token(write(), at=at(), token=refresh_token, client_id=client.id)
        return None if family is None else Refreshed(refresh_token, family)

    def revoke_old_credential(self, refresh_token: Refreshed) -> None:
        """Use it up. Not before: a request for too many scopes is refused, and costs the app nothing."""
        service.use_refresh_token(write(), at=at(), token=refresh_token.text)

    def authenticate_user(self, refresh_token: Refreshed) -> Consenting | None:
        """Whose token it is."""
        return _consenting(refresh_token.family)


def _consenting(family: Family) -> Consenting | None:
    person = queries.find_person(write().connection(), user_id=family.user_id, at=at())
    return None if person is None else Consenting(person, family)
