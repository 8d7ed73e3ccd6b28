"""Reads about second factors: what a person can prove themselves with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import pyotp
import sqlalchemy as sa

from core import sealing
from core.db import Reader
from core.errors import NotFound
from core.identity import rules
from core.identity.models import Passkey, RecoveryCode, Totp, User
from core.permissions import Actor

ISSUER = "Equinomix"

_HAS_TOTP = sa.exists().where(Totp.user_id == User.id, Totp.confirmed_at.is_not(None))
_HAS_PASSKEY = sa.exists().where(Passkey.user_id == User.id)
# As a column of a query about people.
HAS_SECOND_FACTOR = sa.or_(_HAS_TOTP, _HAS_PASSKEY)


@dataclass(frozen=True, slots=True)
class PasskeyRecord:
    """A passkey as pages show it and browsers ask for it."""

    id: int
    credential_id: bytes
    transports: tuple[str, ...]
    backed_up: bool
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person can prove themselves with."""

    user_id: int
    name: str
    email: str
    handle: uuid.UUID
    has_password: bool
    totp_since: datetime | None
    passkeys: tuple[PasskeyRecord, ...]
    recovery_left: int

    @property
    def has_second_factor(self) -> bool:
        """Whether a password alone does not let them in."""
        return self.totp_since is not None or bool(self.passkeys)

    @property
    def has_any(self) -> bool:
        """Whether there is anything by which they can confirm who they are."""
        return self.has_password or self.has_second_factor


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """What an authenticator app is to be told: the secret (base32), and the same as an address for a QR code."""

    secret: str
    uri: str


def find_factors(reader: Reader, *, user_id: int) -> Factors | None:
    """What a person can prove themselves with, asked while they do; None for nobody."""
    person = reader.execute(
        sa.select(
            User.id,
            User.name,
            User.email,
            User.handle,
            User.password_hash.is_not(None).label("has_password"),
            sa.select(Totp.confirmed_at).where(Totp.user_id == User.id).scalar_subquery().label("totp_since"),
            sa.select(sa.func.count())
            .where(RecoveryCode.user_id == User.id, RecoveryCode.used_at.is_(None))
            .scalar_subquery()
            .label("recovery_left"),
        ).where(User.id == user_id)
    ).one_or_none()
    if person is None:
        return None
    return Factors(
        user_id=person.id,
        name=person.name,
        email=person.email,
        handle=person.handle,
        has_password=person.has_password,
        totp_since=person.totp_since,
        passkeys=_list_passkeys(reader, user_id),
        recovery_left=person.recovery_left,
    )


def get_factors(reader: Reader, *, viewer: Actor, user_id: int) -> Factors:
    """What a person can prove themselves with. Needs identity:read for anybody but oneself."""
    if viewer.kind != "user" or viewer.id != user_id:
        viewer.require("identity:read")
    found = find_factors(reader, user_id=user_id)
    if found is None:
        raise NotFound("There is no such person.")
    return found


def get_totp_setup(reader: Reader, *, viewer: Actor, key: bytes) -> TotpSetup:
    """The secret that the viewer's app is to share, as long as the set-up is not finished. NotFound after that."""
    row = reader.execute(
        sa.select(Totp.user_id, Totp.sealed_secret, User.email).where(
            Totp.user_id == viewer.id, Totp.confirmed_at.is_(None), User.id == Totp.user_id
        )
    ).one_or_none()
    if row is None or viewer.kind != "user":
        raise NotFound("There is no set-up to finish. Begin again on the page about security.")
    secret = sealing.unseal(key, row.sealed_secret, about=rules.totp_label(row.user_id)).decode()
    return TotpSetup(secret, pyotp.TOTP(secret).provisioning_uri(name=row.email, issuer_name=ISSUER))


def _list_passkeys(reader: Reader, user_id: int) -> tuple[PasskeyRecord, ...]:
    columns = (Passkey.id, Passkey.credential_id, Passkey.transports, Passkey.backed_up, Passkey.name)
    rows = reader.execute(
        sa.select(*columns, Passkey.created_at, Passkey.last_used_at)
        .where(Passkey.user_id == user_id)
        .order_by(Passkey.id)
    )
    return tuple(
        PasskeyRecord(
            id=row.id,
            credential_id=bytes(row.credential_id),
            transports=tuple(row.transports),
            backed_up=row.backed_up,
            name=row.name,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
        )
        for row in rows
    )
