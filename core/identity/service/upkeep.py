"""The verb that clears away what is finished."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import Writer
from core.identity.models import Authorization, AuthorizationCode, RefreshToken, Revocation
from core.identity.tokens.lifetimes import AUTHORIZATION_LIFETIME, CODE_LIFETIME
from core.permissions import Actor, needs

# A family that is over is kept for so long, for whoever asks what an app did; the audit keeps it for ever.
FAMILIES_KEPT = timedelta(days=90)
# What expired may still be in the hands of a process whose clock is behind.
_MARGIN = timedelta(minutes=5)


@needs("identity:maintain")
def clear_finished(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Delete codes, refresh tokens and revocations that can no longer matter; returns how many rows there were.

    A used refresh token matters as long as its family can live, because it must be known when it is shown again; so
    does a used code for as long as anybody could hold its tokens.
    """
    over = sa.select(Authorization.id).where(
        (Authorization.created_at < at - AUTHORIZATION_LIFETIME - _MARGIN)
        | (Authorization.ended_at < at - CODE_LIFETIME - _MARGIN)
    )
    statements = [
        sa.delete(Revocation).where(Revocation.expires_at < at - _MARGIN),
        sa.delete(AuthorizationCode).where(AuthorizationCode.authorization_id.in_(over)),
        sa.delete(RefreshToken).where(RefreshToken.authorization_id.in_(over)),
        sa.delete(Authorization).where(Authorization.created_at < at - AUTHORIZATION_LIFETIME - FAMILIES_KEPT),
    ]
    return sum(session.execute(statement).rowcount for statement in statements)  # type: ignore[attr-defined]
