"""Reads about sessions: who is behind a cookie, and where somebody is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.identity import passwords, rules
from core.identity.models import LoginSession, User, UserRole
from core.identity.queries.factors import HAS_SECOND_FACTOR
from core.identity.queries.rights import RIGHTS, as_actor
from core.permissions import ADMIN, Actor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a session, as the pages see them."""

    session_id: int
    user_id: int
    name: str
    email: str
    time_zone: str
    confirmed_at: datetime
    last_seen_at: datetime
    has_second_factor: bool
    actor: Actor


_SIGNED_IN = sa.select(
    *RIGHTS,
    User.email,
    User.time_zone,
    LoginSession.key_hash,
    LoginSession.created_at,
    LoginSession.last_seen_at,
    LoginSession.confirmed_at,
    HAS_SECOND_FACTOR.label("has_second_factor"),
).where(
    LoginSession.id == sa.bindparam("session_id"),
    LoginSession.ended_at.is_(None),
    User.id == LoginSession.user_id,
    User.disabled_at.is_(None),
)


def find_signed_in(reader: Reader, *, cookie: str, at: datetime) -> SignedIn | None:
    """The person behind a session's cookie, with their rights as they are at this moment, or None."""
    session_id, _, key = cookie.partition(":")
    if not (session_id.isascii() and session_id.isdecimal() and len(session_id) < 19):
        return None
    row = reader.execute(_SIGNED_IN, {"session_id": int(session_id), "at": at}).one_or_none()
    if row is None or not passwords.is_secret(key, row.key_hash):
        return None
    actor = as_actor(row)
    is_admin = ADMIN in actor.roles
    if rules.session_end(created_at=row.created_at, last_seen_at=row.last_seen_at, is_admin=is_admin) <= at:
        return None
    return SignedIn(
        session_id=int(session_id),
        user_id=row.id,
        name=row.name,
        email=row.email,
        time_zone=row.time_zone,
        confirmed_at=row.confirmed_at,
        last_seen_at=row.last_seen_at,
        has_second_factor=row.has_second_factor,
        actor=actor,
    )


_COLUMNS: tuple[Any, ...] = (
    LoginSession.id,
    LoginSession.method,
    LoginSession.address,
    LoginSession.agent,
    LoginSession.created_at,
    LoginSession.last_seen_at,
)


def list_sessions(reader: Reader, *, viewer: Actor, user_id: int | None, at: datetime) -> list[dict[str, Any]]:
    """Where a person is signed in, the latest used first; at `ends_at` a session is over even if it is used.

    Needs identity:read for anybody but oneself.
    """
    if viewer.kind != "user" or viewer.id != user_id:
        viewer.require("identity:read")
    is_admin = bool(reader.scalar(sa.select(sa.exists().where(UserRole.user_id == user_id, UserRole.role == ADMIN))))
    rows = reader.execute(
        sa.select(*_COLUMNS)
        .where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.id)
    )
    return [
        row | {"ends_at": row["created_at"] + rules.longest_session(is_admin=is_admin)}
        for row in plain_rows(rows)
        if rules.session_end(created_at=row["created_at"], last_seen_at=row["last_seen_at"], is_admin=is_admin) > at
    ]
