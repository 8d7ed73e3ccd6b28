"""Who is asking: a session of a person, or the bearer token of a machine."""

from __future__ import annotations

from flask import g, request
from flask_login import UserMixin, current_user

from core.errors import Forbidden, Unauthenticated
from core.identity import queries
from core.identity.queries import SignedIn
from core.identity.tokens import actor_of
from core.permissions import Actor
from portals.doors import at, erp, read


class Session(UserMixin):  # type: ignore[misc]
    """A signed-in person, as Flask-Login and the templates know them. `cookie` names and proves their session."""

    def __init__(self, person: SignedIn, cookie: str) -> None:
        self.person = person
        self.cookie = cookie
        self.name = person.name
        self.email = person.email
        self.time_zone = person.time_zone
        self.actor = person.actor

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.cookie


def load_session(cookie: str) -> Session | None:
    """The person behind a cookie, with their rights as they are now, or None."""
    person = queries.find_signed_in(read(), cookie=cookie)
    return None if person is None else Session(person, cookie)


def gate(*roles: str) -> None:
    """Let in who is signed in with one of `roles`; the others are told what to do."""
    if not current_user.is_authenticated:
        raise Unauthenticated("Sign in to open this page.")
    person: Actor = current_user.actor
    if person.roles.isdisjoint(roles):
        raise Forbidden(f"This part is for the role {' or '.join(roles)}. You are signed in as {person.name}.")
    g.actor = person


def bearer() -> None:
    """Let in who shows a good access token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send an access token: Authorization: Bearer …. Get one from POST /oauth/token.")
    claims = erp().tokens.check(token.strip(), at=at())
    g.actor = actor_of(claims)
    g.caller = f"{claims['client_id']} {claims['sub']}"


def machine() -> None:
    """Let in an API client that shows an access token or, where a sender can only send fixed headers, its secret."""
    shown = request.authorization
    if shown is None or shown.type != "basic":
        return bearer()
    client = queries.find_client(read(), client_id=(shown.username or "").replace("\0", ""))
    if client is None or not client.check_secret(shown.password or ""):
        raise Unauthenticated("The client id or its secret is wrong. Look them up, or add an API client.")
    g.actor = Actor("client", None, client.name, grants=client.scopes, parks=client.park_ids)
    return None
