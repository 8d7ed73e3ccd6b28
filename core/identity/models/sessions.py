"""Tables of signed-in people: their sessions, their ways in, and guesses that were wrong."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.identity.models.people import User


class LoginSession(Base):
    """One browser in which a person is signed in. The cookie holds the id and a key of which only the hash is here.

    `method` is how they proved themselves, in the words of RFC 8176 ("pwd", "pwd otp", "hwk", ...); `confirmed_at` is
    when they last did.
    """

    __tablename__ = "identity_sessions"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), index=True)
    key_hash: Mapped[str] = mapped_column(sa.Text)
    method: Mapped[str] = mapped_column(sa.Text)
    address: Mapped[str] = mapped_column(sa.Text)
    agent: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    confirmed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    ended_why: Mapped[str | None] = mapped_column(sa.Text)


class ExternalLogin(Base):
    """An account elsewhere by which a person signs in here: the provider's issuer and its own name for them."""

    __tablename__ = "identity_external_logins"

    issuer: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    subject: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), index=True)
    email: Mapped[str] = mapped_column(sa.Text)
    linked_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_used_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Throttle(Base):
    """How often something was tried from one place (`key`: what and from where, hashed) since `began_at`."""

    __tablename__ = "identity_throttles"

    key: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    count: Mapped[int] = mapped_column(sa.Integer)
    began_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
