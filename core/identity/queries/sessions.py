"""Reads about sessions: who is behind a cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.db import Reader
from core.identity import passwords
from core.identity.models import LoginSession, User
from core.identity.queries.rights import GRANTS, PARKS, ROLES
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a session, as the pages see them."""

    session_id: int
    user_id: int
    name: str
    email: str
    time_zone: str
    confirmed_at: datetime
    actor: Actor


_SIGNED_IN = sa.select(
    User.id,
    User.name,
    User.email,
    User.time_zone,
    LoginSession.key_hash,
    LoginSession.confirmed_at,
    User.all_parks,
    ROLES.label("roles"),
    GRANTS.label("grants"),
    PARKS.label("parks"),
).where(
    LoginSession.id == sa.bindparam("session_id"),
    LoginSession.ended_at.is_(None),
    User.id == LoginSession.user_id,
    User.disabled_at.is_(None),
)


def find_signed_in(reader: Reader, *, cookie: str) -> SignedIn | None:
    """The person behind a session's cookie, with their rights as they are now, or None."""
    session_id, _, key = cookie.partition(":")
    if not (session_id.isascii() and session_id.isdecimal() and len(session_id) < 19):
        return None
    row = reader.execute(_SIGNED_IN, {"session_id": int(session_id)}).one_or_none()
    if row is None or not passwords.is_secret(key, row.key_hash):
        return None
    actor = Actor(
        kind="user",
        id=row.id,
        name=row.name,
        roles=frozenset(row.roles or ()),
        grants=frozenset(row.grants or ()),
        parks=None if row.all_parks else frozenset(row.parks or ()),
    )
    return SignedIn(int(session_id), row.id, row.name, row.email, row.time_zone, row.confirmed_at, actor)
