"""Tables of people and of what they may do."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class User(Base):
    """A person who can sign in. `handle` names them to apps and passkeys: it tells nothing and never changes."""

    __tablename__ = "identity_users"
    __table_args__ = (sa.CheckConstraint("email = lower(email) AND position('@' IN email) > 1", name="email_normal"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(sa.Text, unique=True)
    name: Mapped[str] = mapped_column(sa.Text)
    handle: Mapped[uuid.UUID] = mapped_column(sa.Uuid, unique=True, server_default=sa.func.gen_random_uuid())
    password_hash: Mapped[str | None] = mapped_column(sa.Text)
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
    """One permission on top of the roles: the right to immobilize is one.

    It reaches as far as the person sees, or no further than one park or one vehicle, and may end by itself.
    """

    __tablename__ = "identity_user_grants"
    __table_args__ = (
        sa.CheckConstraint("park_id IS NULL OR vehicle_id IS NULL", name="one_reach"),
        sa.UniqueConstraint("user_id", "permission", "park_id", "vehicle_id", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id))
    permission: Mapped[str] = mapped_column(sa.Text)
    park_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vehicles_parks.id"))
    vehicle_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"))
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    granted_by: Mapped[str] = mapped_column(sa.Text)
    granted_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class UserPark(Base):
    """A park whose records a person sees. `park_id` is a vehicles_parks id."""

    __tablename__ = "identity_user_parks"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"), primary_key=True)
