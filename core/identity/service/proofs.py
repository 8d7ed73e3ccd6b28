"""What a person can show to prove who they are, and whether it is good. Shared by the verbs that ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Unauthenticated
from core.identity import passwords, rules
from core.identity.models import LoginSession, Passkey, User
from core.identity.service import ceremonies
from core.identity.service.ceremonies import PasskeyAnswer
from core.identity.service.codes import take_recovery_code, take_totp_code
from core.identity.service.posting import Post, tell_factors_changed
from core.permissions import Actor, pseudonym

WRONG_PASSWORD = "That is not your password."  # noqa: S105 - words for a person
WRONG_CODE = (
    "That code is not good. Take the one your app shows now, each is good once; or a recovery code not used yet."
)
WRONG_PASSKEY = "That passkey could not be checked. Try again; if it fails again, use another way."
UNKNOWN_PASSKEY = "We do not know this passkey; it may have been removed here. Use another one, or another way."
COPIED_PASSKEY = (
    "The counter of this passkey went backwards: a copy of it may be in use. It is refused. "
    "Use another way, remove this passkey from your account and add it again."
)


@dataclass(frozen=True, slots=True)
class Password:
    """What somebody knows."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the person's authenticator app, or one of their recovery codes."""

    text: str = field(repr=False)


Proof = Password | Code | PasskeyAnswer


def actor_of_user(user: User) -> Actor:
    """A person as the one who did something, in the audit, before or without a session."""
    return Actor("user", user.id, pseudonym(user.id))


def start_minutes(session: Writer, *, at: datetime, user: User, session_id: int, method: str) -> None:
    """Start a session's minutes, of a person who has just proved who they are by `method` (RFC 8176, or `oidc`)."""
    living = (LoginSession.id == session_id, LoginSession.user_id == user.id, LoginSession.ended_at.is_(None))
    session.execute(sa.update(LoginSession).where(*living).values(confirmed_at=at))
    audit.record(
        session,
        actor=actor_of_user(user),
        at=at,
        action="identity.confirmed",
        subject=("user", user.id),
        method=method,
        session_id=session_id,
    )


def check_proof(
    session: Writer, *, at: datetime, user: User, proof: Proof, key: bytes, post: Post
) -> str | Unauthenticated:
    """How the person proved themselves, in a word of RFC 8176 (pwd, otp, hwk), or why this proves nothing.

    `key` unseals the secrets of authenticator apps; by `post` a person hears that a recovery code of theirs was used.
    """
    if isinstance(proof, Password):
        return "pwd" if passwords.is_password(proof.text, user.password_hash) else Unauthenticated(WRONG_PASSWORD)
    if isinstance(proof, Code):
        return _check_code(session, at=at, user=user, code=proof.text, key=key, post=post)
    return check_passkey(session, at=at, answer=proof, user=user) or "hwk"


def _check_code(
    session: Writer, *, at: datetime, user: User, code: str, key: bytes, post: Post
) -> str | Unauthenticated:
    if rules.is_totp_code(code):
        is_good = take_totp_code(session, at=at, user_id=user.id, code=code.replace(" ", ""), key=key)
    else:
        is_good = take_recovery_code(session, at=at, user_id=user.id, code=code)
        if is_good:
            who = actor_of_user(user)
            audit.record(session, actor=who, at=at, action="identity.recovery_code_used", subject=("user", user.id))
            tell_factors_changed(session, at=at, user=user, post=post, what="A recovery code was used")
    return "otp" if is_good else Unauthenticated(WRONG_CODE)


def find_passkey_owner(session: Writer, *, answer: PasskeyAnswer) -> int | None:
    """Whose passkey this says it is. Nothing is checked: lock the person, then check it."""
    credential = ceremonies.read_credential(answer.text)
    if credential is None:
        return None
    return session.scalar(sa.select(Passkey.user_id).where(Passkey.credential_id == credential.raw_id))


def check_passkey(session: Writer, *, at: datetime, answer: PasskeyAnswer, user: User) -> Unauthenticated | None:
    """Why a passkey of `user`, who is locked by the caller, is refused; None when it is good.

    A challenge is good once for a passkey: one that was given before the passkey was last used has been used, or is
    so old that it does not matter.
    """
    credential = ceremonies.read_credential(answer.text)
    if credential is None or not answer.challenge.is_good(at):
        return Unauthenticated(WRONG_PASSKEY)
    query = sa.select(Passkey).where(Passkey.credential_id == credential.raw_id, Passkey.user_id == user.id)
    passkey = session.scalars(query).one_or_none()
    if passkey is None or credential.response.user_handle not in {None, user.handle.bytes}:
        return Unauthenticated(UNKNOWN_PASSKEY)
    verified = ceremonies.verify_passkey(credential, answer=answer, public_key=passkey.public_key)
    is_used = passkey.last_used_at is not None and answer.challenge.given_at <= passkey.last_used_at
    if verified is None or is_used:
        return Unauthenticated(WRONG_PASSKEY)
    if not rules.is_counter_good(known=passkey.sign_count, shown=verified.new_sign_count):
        _record_copy(session, at=at, user=user, passkey=passkey, shown=verified.new_sign_count)
        return Unauthenticated(COPIED_PASSKEY)
    passkey.sign_count, passkey.last_used_at = verified.new_sign_count, at
    passkey.backed_up = verified.credential_backed_up
    return None


def _record_copy(session: Writer, *, at: datetime, user: User, passkey: Passkey, shown: int) -> None:
    audit.record(
        session,
        actor=actor_of_user(user),
        at=at,
        action="identity.passkey_refused",
        subject=("user", user.id),
        passkey=passkey.name,
        why="its counter went backwards",
        known=passkey.sign_count,
        shown=shown,
    )
