"""What a person can show to prove who they are, and whether it is good. Shared by the verbs that ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Unauthenticated
from core.identity import passwords, rules
from core.identity.models import Passkey, User
from core.identity.service import ceremonies
from core.identity.service.ceremonies import PasskeyAnswer
from core.identity.service.codes import take_recovery_code, take_totp_code
from core.permissions import Actor

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
    return Actor("user", user.id, user.name)


def check_proof(session: Writer, *, at: datetime, user: User, proof: Proof, key: bytes) -> str | Unauthenticated:
    """How the person proved themselves, in a word of RFC 8176 (pwd, otp, hwk), or why this proves nothing.

    `key` unseals the secrets of authenticator apps.
    """
    if isinstance(proof, Password):
        return "pwd" if passwords.is_password(proof.text, user.password_hash) else Unauthenticated(WRONG_PASSWORD)
    if isinstance(proof, Code):
        return _check_code(session, at=at, user=user, code=proof.text, key=key)
    passkey = check_passkey(session, at=at, answer=proof, user_id=user.id)
    return passkey if isinstance(passkey, Unauthenticated) else "hwk"


def _check_code(session: Writer, *, at: datetime, user: User, code: str, key: bytes) -> str | Unauthenticated:
    if rules.is_totp_code(code):
        is_good = take_totp_code(session, at=at, user_id=user.id, code=code.replace(" ", ""), key=key)
    else:
        is_good = take_recovery_code(session, at=at, user_id=user.id, code=code)
        if is_good:
            who = actor_of_user(user)
            audit.record(session, actor=who, at=at, action="identity.recovery_code_used", subject=("user", user.id))
    return "otp" if is_good else Unauthenticated(WRONG_CODE)


def check_passkey(
    session: Writer, *, at: datetime, answer: PasskeyAnswer, user_id: int | None = None
) -> Passkey | Unauthenticated:
    """The passkey that answered, of `user_id` when that is known already; or why it is refused.

    A challenge is good once for a passkey: one that was given before the passkey was last used has been used, or is
    so old that it does not matter.
    """
    credential = ceremonies.read_credential(answer.text)
    if credential is None or not answer.challenge.is_good(at):
        return Unauthenticated(WRONG_PASSKEY)
    query = sa.select(Passkey).where(Passkey.credential_id == credential.raw_id).with_for_update()
    passkey = session.scalars(query).one_or_none()
    if passkey is None or (user_id is not None and passkey.user_id != user_id):
        return Unauthenticated(UNKNOWN_PASSKEY)
    verified = ceremonies.verify_passkey(credential, answer=answer, public_key=passkey.public_key)
    is_used = passkey.last_used_at is not None and answer.challenge.given_at <= passkey.last_used_at
    if verified is None or is_used:
        return Unauthenticated(WRONG_PASSKEY)
    if not rules.is_counter_good(known=passkey.sign_count, shown=verified.new_sign_count):
        _record_copy(session, at=at, passkey=passkey, shown=verified.new_sign_count)
        return Unauthenticated(COPIED_PASSKEY)
    passkey.sign_count, passkey.last_used_at = verified.new_sign_count, at
    passkey.backed_up = verified.credential_backed_up
    return passkey


def _record_copy(session: Writer, *, at: datetime, passkey: Passkey, shown: int) -> None:
    user = session.get_one(User, passkey.user_id)
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
