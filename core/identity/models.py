"""Tables of people, what they may do, and the machines that act for them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class User(Base):
    """A person who can sign in. `session_key` is part of every session of theirs: change it and all end."""

    __tablename__ = "identity_users"
    __table_args__ = (sa.CheckConstraint("email = lower(email) AND position('@' IN email) > 1", name="email_normal"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(sa.Text, unique=True)
    name: Mapped[str] = mapped_column(sa.Text)
    password_hash: Mapped[str] = mapped_column(sa.Text)
    session_key: Mapped[str] = mapped_column(sa.Text)
    time_zone: Mapped[str] = mapped_column(sa.Text, server_default="UTC")
    all_parks: Mapped[bool] = mapped_column(server_default=sa.false())
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    disabled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    failed_count: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    locked_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_sign_in_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class UserRole(Base):
    """A role a person holds, who gave it and when."""

    __tablename__ = "identity_user_roles"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), primary_key=True)
    role: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    granted_by: Mapped[str] = mapped_column(sa.Text)
    granted_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class UserGrant(Base):
    """One permission on top of the roles: the right to immobilize is one."""

    __tablename__ = "identity_user_grants"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), primary_key=True)
    permission: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    granted_by: Mapped[str] = mapped_column(sa.Text)
    granted_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class UserPark(Base):
    """A park whose records a person sees. `park_id` is a vehicles_parks id."""

    __tablename__ = "identity_user_parks"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"), primary_key=True)


class ApiClient(Base):
    """A machine that gets access tokens with its own secret. `scopes` are permissions it may ask for."""

    __tablename__ = "identity_api_clients"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.Text, unique=True)
    secret_hash: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    park_ids: Mapped[list[int] | None] = mapped_column(ARRAY(sa.BigInteger))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    disabled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class SigningKey(Base):
    """A key that signs access tokens. The private half is sealed with the product's own secret."""

    __tablename__ = "identity_signing_keys"

    kid: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    sealed_private_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    public_jwk: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    retired_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
