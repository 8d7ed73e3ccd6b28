"""One-time codes: of an authenticator app (TOTP, RFC 6238) and for recovery. Shared by the verbs that take them."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
import sqlalchemy as sa

from core import sealing
from core.db import Writer
from core.identity import passwords, rules
from core.identity.models import Passkey, RecoveryCode, Totp

RECOVERY_CODES = 10


def seal_totp_secret(secret: str, *, user_id: int, key: bytes) -> bytes:
    """The secret as it is kept: under the product's own secret, and of no use in another person's row."""
    return sealing.seal(key, secret.encode(), about=rules.totp_label(user_id))


def take_totp_code(
    session: Writer, *, at: datetime, user_id: int, code: str, key: bytes, confirmed: bool = True
) -> bool:
    """Whether `code` is the one of this step or a neighbour of it. Each step is taken once (RFC 6238 section 5.2)."""
    totp = session.scalars(sa.select(Totp).where(Totp.user_id == user_id).with_for_update()).one_or_none()
    if totp is None or (totp.confirmed_at is not None) != confirmed:
        return False
    secret = sealing.unseal(key, totp.sealed_secret, about=rules.totp_label(user_id))
    generator = pyotp.TOTP(secret.decode())
    for step in rules.totp_steps(at):
        is_new = totp.last_step is None or step > totp.last_step
        if is_new and hmac.compare_digest(generator.generate_otp(step), code):
            totp.last_step = step
            return True
    return False


def write_recovery_codes(session: Writer, *, at: datetime, user_id: int) -> list[str]:
    """Ten new codes in place of the old ones. They are shown once; what is kept are hashes.

    A code has 80 random bits: a copy of the hashes gives none away.
    """
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(user_id=user_id, code_hash=passwords.hash_secret(code), created_at=at) for code in codes
    )
    return ["-".join(code[i : i + 4] for i in range(0, len(code), 4)) for code in codes]


def take_recovery_code(session: Writer, *, at: datetime, user_id: int, code: str) -> bool:
    """Whether `code` is one of the person's that was not used; it is used now. One statement: it can be won once."""
    taken = session.execute(
        sa.update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == passwords.hash_secret(rules.plain_recovery_code(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.code_hash)
    )
    return taken.one_or_none() is not None


def ensure_recovery_codes(session: Writer, *, at: datetime, user_id: int) -> list[str]:
    """New codes for somebody who has none left, to be shown; an empty list when there are some."""
    unused = sa.exists().where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return [] if session.scalar(sa.select(unused)) else write_recovery_codes(session, at=at, user_id=user_id)


def forget_unneeded_codes(session: Writer, *, user_id: int) -> bool:
    """Drop the recovery codes of somebody whose last second factor went; returns whether it did."""
    app = sa.exists().where(Totp.user_id == user_id, Totp.confirmed_at.is_not(None))
    passkey = sa.exists().where(Passkey.user_id == user_id)
    if session.scalar(sa.select(app | passkey)):
        return False
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    return True
