"""The verbs about accounts: invitations and links to a new password, closing and opening again, ending sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, NotFound
from core.identity.models import LoginSession, TicketKind, User
from core.identity.service.endings import end_all_sessions
from core.identity.service.families import end_families
from core.identity.service.lockout import forget_wrong
from core.identity.service.persons import check_last_admin, lock_user, name_of
from core.identity.service.posting import Post, issue_link, kill_links
from core.permissions import Actor, needs


@needs("identity:manage")
def invite_again(session: Writer, *, actor: Actor, at: datetime, user_id: int, post: Post) -> str | None:
    """Send a new invitation; the link before it is good no longer. Returns the link where no mail is configured."""
    user = _open_user(session, user_id)
    if user.password_hash is not None:
        raise Conflict(f"{user.name} has a password already. Make a link to a new one instead.")
    link = issue_link(session, at=at, by=name_of(session, actor), user=user, kind=TicketKind.INVITATION, post=post)
    audit.record(session, actor=actor, at=at, action="identity.user_invited", subject=("user", user.id))
    return link


@needs("identity:manage")
def send_reset(session: Writer, *, actor: Actor, at: datetime, user_id: int, post: Post) -> str | None:
    """Send a person a link to a new password. Returns the link where no mail is configured."""
    user = _open_user(session, user_id)
    link = issue_link(session, at=at, by=name_of(session, actor), user=user, kind=TicketKind.RESET, post=post)
    audit.record(session, actor=actor, at=at, action="identity.reset_sent", subject=("user", user.id))
    return link


@needs("identity:manage")
def close_user(session: Writer, *, actor: Actor, at: datetime, user_id: int) -> None:
    """Close an account: its sessions, links and tokens end now. An invitation is withdrawn so, too.

    Raises Conflict for the last administrator.
    """
    check_last_admin(session, user_id=user_id)
    user = lock_user(session, user_id)
    if user.disabled_at is not None:
        return
    user.disabled_at = at
    kill_links(session, at=at, user_id=user.id)
    ended = end_all_sessions(session, at=at, user_id=user.id, why="account closed")
    end_families(session, at=at, why="account closed", user_id=user.id)
    audit.record(session, actor=actor, at=at, action="identity.user_closed", subject=("user", user.id), ended=ended)


@needs("identity:manage")
def reopen_user(session: Writer, *, actor: Actor, at: datetime, user_id: int) -> None:
    """Open a closed account again, with the roles, rights and password it had."""
    user = lock_user(session, user_id)
    if user.disabled_at is None:
        return
    user.disabled_at = None
    forget_wrong(user)
    audit.record(session, actor=actor, at=at, action="identity.user_reopened", subject=("user", user.id))


@needs("identity:manage")
def end_session_of(session: Writer, *, actor: Actor, at: datetime, user_id: int, session_id: int) -> None:
    """End one session of a person. Raises NotFound when it is not theirs or has ended."""
    ended = session.execute(
        sa.update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
        .values(ended_at=at, ended_why="ended by an administrator")
        .returning(LoginSession.id)
    ).one_or_none()
    if ended is None:
        raise NotFound("This session has ended already. Load the page again.")
    audit.record(session, actor=actor, at=at, action="identity.sessions_ended", subject=("user", user_id), ended=1)


@needs("identity:manage")
def end_sessions_of(session: Writer, *, actor: Actor, at: datetime, user_id: int) -> int:
    """End all sessions of a person; returns how many. Raises NotFound."""
    lock_user(session, user_id)
    ended = end_all_sessions(session, at=at, user_id=user_id, why="ended by an administrator")
    if ended:
        audit.record(
            session, actor=actor, at=at, action="identity.sessions_ended", subject=("user", user_id), ended=ended
        )
    return ended


def _open_user(session: Writer, user_id: int) -> User:
    user = lock_user(session, user_id)
    if user.disabled_at is not None:
        raise Conflict("This account is closed. Open it again first.")
    return user
