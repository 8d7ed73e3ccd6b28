"""The verbs about sessions: one for each browser in which somebody is signed in."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.identity import passwords
from core.identity.models import LoginSession


def start_session(session: Writer, *, at: datetime, user_id: int, method: str, address: str, agent: str) -> str:
    """Sign a person in, in one browser; returns what its cookie holds. Call it when they have proved themselves.

    `method` says how, in the words of RFC 8176.
    """
    key = secrets.token_urlsafe(24)
    made = LoginSession(
        user_id=user_id,
        key_hash=passwords.hash_secret(key),
        method=method,
        address=address,
        agent=agent[:400],
        created_at=at,
        last_seen_at=at,
        confirmed_at=at,
    )
    session.add(made)
    session.flush()
    return f"{made.id}:{key}"


def end_session(session: Writer, *, at: datetime, session_id: int, why: str) -> None:
    """End a session, by whoever holds its cookie. Ending it twice is ending it once."""
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.ended_at.is_(None))
        .values(ended_at=at, ended_why=why)
    )
