"""Who is asking: a session of a person, or the bearer token of a machine."""

from __future__ import annotations

from datetime import datetime

from flask import g, request
from flask_login import UserMixin, current_user

from core import clock
from core.db import AWAY
from core.errors import Unauthenticated
from core.identity import queries, rules, service
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
    person = queries.find_signed_in(read(), cookie=cookie, at=at())
    if person is None:
        return None
    _note_seen(person, now=at())
    return Session(person, cookie)


def is_same_still(cookie: str, known: Actor) -> bool:
    """Whether the person behind a cookie is still signed in, with the very rights of `known`: asked by what lasts
    longer than a request. A database that is away is asked again later.
    """
    now = clock.now()
    try:
        with erp().database.reading() as reader:
            person = queries.find_signed_in(reader, cookie=cookie, at=now)
        if person is not None:
            _note_seen(person, now=now)
    except AWAY:
        return True
    return person is not None and person.actor == known


def _note_seen(person: SignedIn, *, now: datetime) -> None:
    if rules.is_seen_long_ago(last_seen_at=person.last_seen_at, at=now):
        with erp().database.transaction() as session:
            service.note_seen(session, at=now, session_id=person.session_id)


def person() -> Actor:
    """Who is signed in. Raises Unauthenticated when nobody is."""
    if not current_user.is_authenticated:
        raise Unauthenticated("Sign in to open this page.")
    signed_in: Actor = current_user.actor
    return signed_in


def bearer() -> Actor:
    """Who shows a good access token. Raises Unauthenticated without one."""
    claims = erp().tokens.check(bearer_token(), at=at())
    g.caller = f"{claims['client_id']} {claims['sub']}"
    return actor_of(claims)


def bearer_token() -> str:
    """The access token that is shown (RFC 6750 section 2.1). Raises Unauthenticated when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send an access token: Authorization: Bearer …. Get one from POST /oauth/token.")
    return token.strip()


def machine() -> Actor:
    """An API client that shows an access token or, where a sender can only send fixed headers, its secret."""
    shown = request.authorization
    if shown is None or shown.type != "basic":
        return bearer()
    client = queries.find_client(read(), client_id=(shown.username or "").replace("\0", ""), at=at())
    if client is None or client.is_app or not client.check_secret(shown.password or ""):
        raise Unauthenticated("The client id or its secret is wrong. Look them up, or add an API client.")
    return Actor("client", None, client.name, grants=client.scopes, parks=client.park_ids, client_id=client.client_id)
