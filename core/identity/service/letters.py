"""The verbs about letters: taken one by one, given to the mail server between two transactions, and settled.

A letter is sent at least once. A worker that dies after the mail server took it and before that was recorded leaves it
to be sent again; it then carries the same Message-ID.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from core import sealing
from core.db import Writer
from core.identity import rules
from core.identity.gateway import Mail, Mailer, MailNotSent, make_mailer
from core.identity.models import Letter, ResetRequest, Ticket, TicketKind, User
from core.identity.service.posting import Post, issue_link
from core.identity.service.throttles import count_attempt
from core.permissions import Actor, needs

# A worker that took a letter and is not heard of again is given this long: longer than any talk with a mail server.
CLAIM = timedelta(minutes=3)
KEPT = timedelta(days=30)

open_mailer = make_mailer


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter that this worker is to send now; `mail` is None when it cannot be sent any more, for `problem`."""

    id: int
    mail: Mail | None = field(repr=False)
    problem: str | None = None


@needs("identity:maintain")
def take_letter(session: Writer, *, actor: Actor, at: datetime, key: bytes) -> Claimed | None:
    """The letter whose time has come first, taken by nobody else for a while; None when there is none."""
    letter = session.scalars(
        sa.select(Letter)
        .where(Letter.next_at <= at)
        .order_by(Letter.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if letter is None:
        return None
    letter.attempts += 1
    letter.next_at = at + CLAIM
    user = session.get_one(User, letter.user_id)
    if user.disabled_at is not None:
        return Claimed(letter.id, None, "The account is closed.")
    if letter.give_up_at <= at:
        return Claimed(letter.id, None, letter.problem or "It was not sent in time.")
    try:
        text = sealing.unseal(key, letter.sealed_text or b"", about=f"letter:{letter.id}").decode()
    except InvalidTag:
        return Claimed(letter.id, None, "It was sealed with another secret and cannot be read.")
    return Claimed(letter.id, Mail(letter.id, user.email, letter.subject, text, letter.created_at))


def send(claimed: Claimed, *, mailer: Mailer) -> str | None:
    """Give a letter to the mail server, outside of any transaction; the problem, or None when it has it."""
    if claimed.mail is None:
        return claimed.problem
    try:
        mailer.send(claimed.mail)
    except MailNotSent as problem:
        return str(problem)
    return None


@needs("identity:maintain")
def settle_letter(
    session: Writer, *, actor: Actor, at: datetime, claimed: Claimed, problem: str | None
) -> datetime | None:
    """Record what became of a letter: sent, or to be tried again at the returned moment, or given up."""
    letter = session.get_one(Letter, claimed.id, with_for_update=True)
    if letter.sent_at is not None:
        return None
    letter.problem = problem
    if problem is None:
        letter.sent_at = at
    elif claimed.mail is not None:
        letter.next_at = rules.next_letter_attempt(attempts=letter.attempts, at=at, give_up_at=letter.give_up_at)
        if letter.next_at is not None:
            return letter.next_at
    letter.next_at, letter.sealed_text = None, None
    return None


@needs("identity:maintain")
def answer_reset_request(session: Writer, *, actor: Actor, at: datetime, request_id: int, post: Post) -> None:
    """Write to whoever asked for a new password, if there is such a person. Answered twice, it is answered once."""
    asked = session.execute(
        sa.delete(ResetRequest)
        .where(ResetRequest.id == request_id)
        .returning(ResetRequest.email, ResetRequest.asked_at)
    ).one_or_none()
    if asked is None or asked.asked_at + rules.RESET_FOR < at:
        return
    user = session.scalars(
        sa.select(User).where(User.email == asked.email, User.disabled_at.is_(None)).with_for_update()
    ).one_or_none()
    if user is None or _is_flooded(session, user, at=at):
        return
    issue_link(session, at=at, by=user.name, user=user, kind=TicketKind.RESET, post=post, may_be_shown=False)


def _is_flooded(session: Writer, user: User, *, at: datetime) -> bool:
    limit = rules.RESET_LETTER_LIMIT
    wait_s = count_attempt(session, at=at, what=limit.what, source=str(user.id), most=limit.most, per_s=limit.per_s)
    return wait_s is not None


@needs("identity:maintain")
def drop_old_letters(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Forget letters that were settled 30 days ago, links that ran out then, and requests that nobody answered;
    returns how many letters. Who was invited by whom, and when, stays in the audit.
    """
    session.execute(sa.delete(Ticket).where(Ticket.expires_at < at - KEPT))
    session.execute(sa.delete(ResetRequest).where(ResetRequest.asked_at < at - KEPT))
    gone = session.execute(sa.delete(Letter).where(Letter.next_at.is_(None), Letter.created_at < at - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]
