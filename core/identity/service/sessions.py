"""The verbs about sessions: one for each browser in which somebody is signed in."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import NotFound
from core.identity import passwords, rules
from core.identity.models import LoginSession
from core.identity.service.endings import end_all_sessions
from core.permissions import Actor, needs

GONE = "This session has ended already, or never was yours. Load the page again."


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


def note_seen(session: Writer, *, at: datetime, session_id: int) -> None:
    """Note that a session is in use. Ask `rules.is_seen_long_ago` first: a write for each request would be too many."""
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.last_seen_at < at - rules.SEEN_EVERY)
        .values(last_seen_at=at)
    )


def end_session(session: Writer, *, at: datetime, session_id: int, why: str) -> None:
    """End a session, by whoever holds its cookie. Ending it twice is ending it once."""
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.ended_at.is_(None))
        .values(ended_at=at, ended_why=why)
    )


@needs("identity:manage_own")
def end_own_session(session: Writer, *, actor: Actor, at: datetime, session_id: int) -> None:
    """End one of the actor's own sessions from another. Raises NotFound for one that is not theirs or has ended."""
    ended = session.execute(
        sa.update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.user_id == actor.id, LoginSession.ended_at.is_(None))
        .values(ended_at=at, ended_why="ended by its owner")
        .returning(LoginSession.id)
    ).one_or_none()
    if ended is None:
        raise NotFound(GONE)
    _record_end(session, actor=actor, at=at, user_id=actor.id, ended=1)


@needs("identity:manage_own")
def end_own_other_sessions(session: Writer, *, actor: Actor, at: datetime, keep_id: int) -> int:
    """End the actor's sessions but `keep_id`; returns how many ended."""
    ended = end_all_sessions(session, at=at, user_id=actor.id, keep_id=keep_id, why="ended by its owner")
    if ended:
        _record_end(session, actor=actor, at=at, user_id=actor.id, ended=ended)
    return ended


@needs("identity:maintain")
def drop_old_sessions(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Forget sessions that were over 30 days ago; returns how many. What was done in them is in the audit."""
    before = at - rules.SESSION_KEPT
    gone = session.execute(
        sa.delete(LoginSession).where(
            sa.or_(LoginSession.ended_at < before, LoginSession.created_at < before - rules.LONGEST_SESSION)
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _record_end(session: Writer, *, actor: Actor, at: datetime, user_id: int | None, ended: int) -> None:
    audit.record(session, actor=actor, at=at, action="identity.sessions_ended", subject=("user", user_id), ended=ended)
