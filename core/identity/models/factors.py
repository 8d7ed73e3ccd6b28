"""Tables of second factors: one-time passwords, recovery codes, passkeys."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.identity.models.people import User


class Totp(Base):
    """A person's authenticator app (RFC 6238). Not asked for before `confirmed_at`; a step is taken once."""

    __tablename__ = "identity_totps"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    confirmed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_step: Mapped[int | None] = mapped_column(sa.BigInteger)


class RecoveryCode(Base):
    """A code that stands in for a lost factor, once."""

    __tablename__ = "identity_recovery_codes"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), primary_key=True)
    code_hash: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Passkey(Base):
    """A key pair in a person's device (WebAuthn); the public half."""

    __tablename__ = "identity_passkeys"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), index=True)
    credential_id: Mapped[bytes] = mapped_column(sa.LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)
    transports: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    backed_up: Mapped[bool]
    name: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
