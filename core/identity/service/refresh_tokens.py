"""The verbs about refresh tokens: each is good once (RFC 9700 section 4.14.2)."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.identity import passwords
from core.identity.models import Authorization, RefreshToken
from core.identity.service.families import Family, end_stolen, lock_family
from core.identity.tokens.lifetimes import AUTHORIZATION_LIFETIME, IDLE_LIFETIME


def give_refresh_token(session: Writer, *, at: datetime, family: Family) -> str:
    """One more refresh token of a family that the caller has locked.

    Needs no right: the code or token before it was one.
    """
    token = secrets.token_urlsafe(32)
    expires_at = min(at + IDLE_LIFETIME, family.created_at + AUTHORIZATION_LIFETIME)
    session.add(
        RefreshToken(
            token_hash=passwords.hash_secret(token),
            authorization_id=family.authorization_id,
            created_at=at,
            expires_at=expires_at,
        )
    )
    return token


def hold_refresh_token(session: Writer, *, at: datetime, token: str, client_id: int) -> Family | None:
    """The family of a client's refresh token, locked, or None: unknown, another client's, too old, used.

    Needs no right: a refresh token is how an app keeps them. One that was used before is stolen, or was stolen then,
    and nobody can tell which: its family ends, access tokens within seconds. Two that use it at once are treated so
    too. Raise nothing after it, or the ending is rolled back.
    """
    found = session.get(RefreshToken, passwords.hash_secret(token))
    if found is None:
        return None
    family = lock_family(session, at=at, authorization_id=found.authorization_id, client_id=client_id)
    if family is None:
        return None
    session.refresh(found)
    if found.used_at is not None:
        end_stolen(session, at=at, family=family, what="refresh token")
        return None
    return family if at < found.expires_at else None


def use_refresh_token(session: Writer, *, at: datetime, token: str) -> None:
    """Use up a refresh token that is held. Needs no right, as holding it needs none."""
    found = session.get_one(RefreshToken, passwords.hash_secret(token))
    found.used_at = at
    session.execute(sa.update(Authorization).where(Authorization.id == found.authorization_id).values(last_used_at=at))
