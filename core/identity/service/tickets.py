"""How one becomes somebody by a link: taking up an invitation, and choosing a new password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import audit, outbox
from core.db import Writer
from core.errors import Invalid, NotFound
from core.identity import passwords
from core.identity.models import ResetRequest, Ticket, TicketKind, User
from core.identity.service.endings import end_all_sessions
from core.identity.service.families import end_families
from core.identity.service.persons import lock_user, password_problem, set_password
from core.identity.service.posting import Post, kill_links, tell_password_changed
from core.permissions import Actor, pseudonym

DEAD = "This link has been used, is too old, or another one was made after it. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Whose link was used. An invitation signs them in; after a reset they sign in, with their second factor."""

    user_id: int
    kind: TicketKind


def ask_for_reset(session: Writer, *, at: datetime, email: str) -> None:
    """Ask for a link to a new password. The same is done for everybody; whether there is such a person, and whether
    they are written to, is found out by a job.
    """
    asked = ResetRequest(email=email.strip().lower()[:320], asked_at=at)
    session.add(asked)
    session.flush()
    outbox.publish(session, "identity.reset_requested", at=at, request_id=asked.id)


def redeem_ticket(
    session: Writer, *, at: datetime, token: str, kind: TicketKind, password: str, post: Post
) -> Redeemed:
    """Give the person behind a link the password they chose, once. Raises NotFound for a dead link, Invalid for a
    password that will not do; neither uses the link up.

    With a new password all sessions end and apps must be let in again. Second factors stay.
    """
    ticket = session.scalars(
        sa.select(Ticket)
        .where(
            Ticket.token_hash == passwords.hash_secret(token),
            Ticket.kind == kind,
            Ticket.used_at.is_(None),
            Ticket.expires_at > at,
        )
        .with_for_update()
    ).one_or_none()
    user = None if ticket is None else lock_user(session, ticket.user_id)
    if ticket is None or user is None or user.disabled_at is not None:
        raise NotFound(DEAD)
    if problem := password_problem(password, email=user.email, name=user.name):
        raise Invalid("The password was not set.", fields={"password": problem})
    set_password(user, password)
    ticket.used_at = at
    session.flush()
    kill_links(session, at=at, user_id=user.id)
    ended = _end_all(session, user, kind, at=at, post=post)
    audit.record(
        session,
        actor=Actor("user", user.id, pseudonym(user.id)),
        at=at,
        action="identity.invitation_accepted" if kind is TicketKind.INVITATION else "identity.password_reset",
        subject=("user", user.id),
        ended=ended,
    )
    return Redeemed(user.id, kind)


def _end_all(session: Writer, user: User, kind: TicketKind, *, at: datetime, post: Post) -> int:
    if kind is TicketKind.INVITATION:
        user.last_sign_in_at = at
        return 0
    tell_password_changed(session, at=at, user=user, post=post)
    end_families(session, at=at, why="password reset", user_id=user.id)
    return end_all_sessions(session, at=at, user_id=user.id, why="password reset")
