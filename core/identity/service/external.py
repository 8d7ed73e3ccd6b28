"""The verbs about accounts elsewhere by which a person signs in here (OpenID Connect).

Nobody is made a person by them: an account elsewhere is linked, once, to the open account here that has the same
e-mail, if the provider has verified that address. From then on the link counts and the e-mail does not: people change
their address, and companies give an address to the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, NotFound, Unauthenticated
from core.identity.models import ExternalLogin, Passkey, User
from core.identity.service.proofs import start_minutes
from core.permissions import Actor, needs, pseudonym

CLOSED = "This account is closed. An administrator can open it again."
UNVERIFIED = "That account has no verified e-mail address, so we cannot tell whose it is. Sign in with your password."
UNKNOWN = "Nobody here has the e-mail address of that account. Ask an administrator to add you."
TAKEN = (
    "Your account here is linked with another account there. Sign in the other way you know and unlink it on the page "
    "of your account, or ask an administrator."
)
NOT_YOURS = "That is not the account that yours is linked with. Choose the right one there, or confirm another way."
LAST_WAY = "This is your only way to sign in. Set a password first; “Forgot your password?” sends you a link."


@dataclass(frozen=True, slots=True)
class ExternalAccount:
    """An account as its provider vouches for it: the issuer's own name for it, and an e-mail address it may have."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool


def sign_in_externally(session: Writer, *, at: datetime, account: ExternalAccount) -> int | Unauthenticated:
    """The id of the person whose account this is, linked now if it was not; or why not.

    Call it with what the provider has proved. It needs no right: it is how one gets them.
    """
    link = session.get(ExternalLogin, (account.issuer, account.subject), with_for_update=True)
    user = _find_by_email(session, account) if link is None else session.get_one(User, link.user_id)
    if isinstance(user, Unauthenticated):
        return user
    if user.disabled_at is not None:
        return Unauthenticated(CLOSED)
    if link is None:
        link = _link(session, at=at, user=user, account=account)
    link.last_used_at, link.email = at, account.email or link.email
    user.last_sign_in_at = at
    return user.id


def confirm_externally(
    session: Writer, *, at: datetime, user_id: int, session_id: int, account: ExternalAccount
) -> Unauthenticated | None:
    """Start the minutes of a session in which dangerous acts need no further proof; or why not.

    Call it when the provider has just asked the person to prove themselves, not when it remembered them.
    """
    link = session.get(ExternalLogin, (account.issuer, account.subject))
    if link is None or link.user_id != user_id:
        return Unauthenticated(NOT_YOURS)
    user = session.get_one(User, user_id)
    start_minutes(session, at=at, user=user, session_id=session_id, method="oidc")
    return None


@needs("identity:manage_own")
def unlink_external_login(session: Writer, *, actor: Actor, at: datetime, issuer: str, subject: str) -> None:
    """Forget one of the actor's own links. Raises NotFound for another's, Conflict for their only way to sign in."""
    link = session.get(ExternalLogin, (issuer, subject), with_for_update=True)
    if link is None or actor.kind != "user" or link.user_id != actor.id:
        raise NotFound("This account is not linked with yours, or no longer.")
    user = session.get_one(User, link.user_id)
    has_passkey = session.scalar(sa.select(sa.exists().where(Passkey.user_id == user.id)))
    if user.password_hash is None and not has_passkey:
        raise Conflict(LAST_WAY)
    session.delete(link)
    _record(session, actor=actor, at=at, action="identity.external_login_unlinked", link=link)


def _find_by_email(session: Writer, account: ExternalAccount) -> User | Unauthenticated:
    if not account.email or not account.is_email_verified:
        return Unauthenticated(UNVERIFIED)
    query = sa.select(User).where(User.email == account.email.strip().lower()).with_for_update()
    user = session.scalars(query).one_or_none()
    if user is None:
        return Unauthenticated(UNKNOWN)
    linked = sa.exists().where(ExternalLogin.issuer == account.issuer, ExternalLogin.user_id == user.id)
    return Unauthenticated(TAKEN) if session.scalar(sa.select(linked)) else user


def _link(session: Writer, *, at: datetime, user: User, account: ExternalAccount) -> ExternalLogin:
    link = ExternalLogin(
        issuer=account.issuer,
        subject=account.subject,
        user_id=user.id,
        email=account.email,
        linked_at=at,
        last_used_at=at,
    )
    session.add(link)
    who = Actor("user", user.id, pseudonym(user.id))
    _record(session, actor=who, at=at, action="identity.external_login_linked", link=link)
    return link


def _record(session: Writer, *, actor: Actor, at: datetime, action: str, link: ExternalLogin) -> None:
    detail = {"issuer": link.issuer, "account": link.subject}
    audit.record(session, actor=actor, at=at, action=action, subject=("user", link.user_id), **detail)
