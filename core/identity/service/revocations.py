"""Saying that access tokens are no longer good: called by the verbs that take a right or close an account."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.identity.models import ApiClient, Revocation, RevokedKind, User
from core.identity.tokens.lifetimes import LIFETIME


def revoke_user(session: Writer, *, at: datetime, user_id: int) -> None:
    """Every app's access token of a person is no longer good: an account was closed, or rights or password changed.

    Their apps ask for new tokens, with the rights they have then. Locks the person's row, so that no app gets a token
    by the old rights that is younger than this revocation.
    """
    person = sa.select(User.handle).where(User.id == user_id).with_for_update(key_share=True)
    _revoke(session, at=at, kind=RevokedKind.USER, key=str(session.execute(person).scalar_one()))


def revoke_client(session: Writer, *, at: datetime, client_id: int) -> None:
    """Every access token of a client is no longer good: it was closed, or may do less."""
    client = sa.select(ApiClient.client_id).where(ApiClient.id == client_id).with_for_update(key_share=True)
    _revoke(session, at=at, kind=RevokedKind.CLIENT, key=session.execute(client).scalar_one())


def revoke_family(session: Writer, *, at: datetime, authorization_id: uuid.UUID) -> None:
    """Every access token that came of one sign-in of a person to an app is no longer good."""
    _revoke(session, at=at, kind=RevokedKind.AUTHORIZATION, key=str(authorization_id))


def revoke_one(session: Writer, *, at: datetime, jti: str) -> None:
    """One access token is no longer good."""
    _revoke(session, at=at, kind=RevokedKind.TOKEN, key=jti)


def _revoke(session: Writer, *, at: datetime, kind: RevokedKind, key: str) -> None:
    # Up to now by the database, not up to when the request began: others have issued tokens since, by what was then
    # right, and the lock that the caller holds makes this moment later than all of them.
    up_to = sa.func.greatest(sa.literal(at, sa.DateTime(timezone=True)), sa.func.clock_timestamp())
    session.execute(sa.insert(Revocation).values(kind=kind, key=key, up_to=up_to, expires_at=up_to + LIFETIME))
