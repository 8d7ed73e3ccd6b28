"""Letters of other subsystems to people who have an account, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.db import Writer
from core.identity.models import Letter, User
from core.identity.service.posting import Post, post_letter
from core.permissions import Actor, needs


@dataclass(frozen=True, slots=True)
class LetterFate:
    """A settled letter: when the mail server took it, or why it never left."""

    sent_at: datetime | None
    problem: str | None


@needs("identity:maintain")
def write_letter(
    session: Writer, *, actor: Actor, at: datetime, user_id: int, subject: str, text: str, post: Post
) -> int | None:
    """Write to a person; returns the letter's id. None: the account is closed, or no mail server is configured."""
    user = session.get(User, user_id)
    if user is None or user.disabled_at is not None or post.key is None:
        return None
    greeted = f"Hello {user.name},\n\n{text}\n"
    return post_letter(session, at=at, key=post.key, user=user, subject=subject, text=greeted)


@needs("identity:maintain")
def find_letter_fate(session: Writer, *, actor: Actor, at: datetime, letter_id: int) -> LetterFate | None:
    """What became of a letter; None while it is still tried."""
    letter = session.get(Letter, letter_id, populate_existing=True)
    if letter is None:
        return LetterFate(None, "The letter is no longer kept.")
    if letter.sent_at is not None:
        return LetterFate(letter.sent_at, None)
    return None if letter.next_at is not None else LetterFate(None, letter.problem or "It was never sent.")
