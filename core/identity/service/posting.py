"""Links to an account and the letters that carry them: shared by the verbs that make them, which hold the right to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import outbox, sealing
from core.config import Config
from core.db import Writer
from core.identity import passwords, rules
from core.identity.models import Letter, Ticket, TicketKind, User

LIFE = {TicketKind.INVITATION: rules.INVITATION_FOR, TicketKind.RESET: rules.RESET_FOR}
# The pages that a link of each kind opens, below the product's address.
PATHS = {TicketKind.INVITATION: "invitation", TicketKind.RESET: "reset"}

SUBJECTS = {TicketKind.INVITATION: "Your account at Equinomix", TicketKind.RESET: "A new password for Equinomix"}
TEXTS = {
    TicketKind.INVITATION: """Hello {name},

{by} has made an account at Equinomix for you. Open this link to choose a password and come in:

{link}

It works once, until {until}. If that is too late, ask for another.

From then on you sign in at {base_url} with this address: {email}

If you did not expect this letter, leave it: nobody comes in without the link.
""",
    TicketKind.RESET: """Hello {name},

a new password was asked for your account at Equinomix. Open this link to choose it:

{link}

It works once, until {until}. With the new password you are signed out everywhere, and sign in again.

If you did not ask for it, leave this letter: your password stays as it is.
""",
}
CHANGED_SUBJECT = "Your password for Equinomix was changed"
CHANGED = """Hello {name},

the password of your account at Equinomix ({email}) was changed on {when}.

If that was you, there is nothing to do. If not, choose another one now at {base_url}/forgotten
and tell an administrator.
"""


FACTORS_SUBJECT = "How you sign in to Equinomix was changed"
FACTORS = """Hello {name},

{what} on {when}. It is about your account at Equinomix ({email}).

If that was you, there is nothing to do. If not, choose another password now at {base_url}/forgotten
and tell an administrator.
"""


@dataclass(frozen=True, slots=True)
class Post:
    """How people are reached: the product's address, and the key that letters are sealed with. Without a key no mail
    server is configured: a link is then handed to whoever made it.
    """

    base_url: str
    key: bytes | None = field(repr=False)


def open_post(config: Config) -> Post:
    """How people are reached in this installation."""
    return Post(config.base_url, key=letter_key(config) if config.mail else None)


def letter_key(config: Config) -> bytes:
    """The key that letters are sealed with."""
    return sealing.derive(sealing.load_secret(config), "letters")


def issue_link(
    session: Writer, *, at: datetime, by: str, user: User, kind: TicketKind, post: Post, may_be_shown: bool = True
) -> str | None:
    """Make a link to an account, good once; links of its kind made before are good no longer. It leaves by letter, or
    is returned where there is no mail server and it `may_be_shown`.
    """
    kill_links(session, at=at, user_id=user.id, kind=kind)
    token, until = secrets.token_urlsafe(32), at + LIFE[kind]
    session.add(
        Ticket(
            token_hash=passwords.hash_secret(token),
            kind=kind,
            user_id=user.id,
            created_by=by,
            created_at=at,
            expires_at=until,
        )
    )
    link = f"{post.base_url}/{PATHS[kind]}/{token}"
    if post.key is None:
        return link if may_be_shown else None
    text = TEXTS[kind].format(
        name=user.name, email=user.email, by=by, link=link, until=_in_words(until, user), base_url=post.base_url
    )
    post_letter(session, at=at, key=post.key, user=user, subject=SUBJECTS[kind], text=text, until=until)
    return None


def kill_links(session: Writer, *, at: datetime, user_id: int, kind: TicketKind | None = None) -> None:
    """Let the unused links to an account be good no longer, those of one kind or all."""
    unused = sa.update(Ticket).where(Ticket.user_id == user_id, Ticket.used_at.is_(None), Ticket.expires_at > at)
    if kind is not None:
        unused = unused.where(Ticket.kind == kind)
    session.execute(unused.values(expires_at=at))


def tell_password_changed(session: Writer, *, at: datetime, user: User, post: Post) -> None:
    """Write to a person that their password is another: if it was not they, they are the first to know."""
    _tell(session, at=at, user=user, post=post, subject=CHANGED_SUBJECT, text=CHANGED)


def tell_factors_changed(session: Writer, *, at: datetime, user: User, post: Post, what: str) -> None:
    """Write to a person what happened to their second factors, like “A passkey was added”."""
    _tell(session, at=at, user=user, post=post, subject=FACTORS_SUBJECT, text=FACTORS, what=what)


def _tell(session: Writer, *, at: datetime, user: User, post: Post, subject: str, text: str, **words: str) -> None:
    if post.key is None:
        return
    filled = text.format(name=user.name, email=user.email, when=_in_words(at, user), base_url=post.base_url, **words)
    until = at + rules.LETTER_FOR
    post_letter(session, at=at, key=post.key, user=user, subject=subject, text=filled, until=until)


def post_letter(
    session: Writer,
    *,
    at: datetime,
    key: bytes,
    user: User,
    subject: str,
    text: str,
    until: datetime | None = None,
) -> int:
    """Write a letter, to be given up by `until` or after a day; returns its id."""
    letter = Letter(
        user_id=user.id,
        subject=subject,
        created_at=at,
        next_at=at,
        give_up_at=min(until or at + rules.LETTER_FOR, at + rules.LETTER_FOR),
    )
    session.add(letter)
    session.flush()
    letter.sealed_text = sealing.seal(key, text.encode(), about=f"letter:{letter.id}")
    outbox.publish(session, "identity.letter_written", at=at, letter_id=letter.id)
    return letter.id


def _in_words(moment: datetime, user: User) -> str:
    return f"{moment.astimezone(ZoneInfo(user.time_zone)):%-d %B %Y, %H:%M} ({user.time_zone})"
