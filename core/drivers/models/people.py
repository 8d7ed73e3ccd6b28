"""People who drive, and how they stand."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class AccessStatus(enum.StrEnum):
    """Whether a driver may drive (DRV-2)."""

    ACTIVE = "active"
    RESTRICTED = "restricted"
    SUSPENDED = "suspended"
    LOCKED_OUT = "locked_out"

    @property
    def is_barred(self) -> bool:
        """Whether no vehicle may be given."""
        return self in {AccessStatus.SUSPENDED, AccessStatus.LOCKED_OUT}


class Driver(Base):
    """A person who drives. `user_id` is their account, once they have one.

    `access_status` and `access_words`, which say why and what the way back is, are written by core/access alone.
    """

    __tablename__ = "drivers_drivers"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("identity_users.id"), unique=True)
    name: Mapped[str] = mapped_column(sa.Text)
    phone: Mapped[str] = mapped_column(sa.Text, unique=True)
    access_status: Mapped[AccessStatus] = mapped_column(
        text_enum(AccessStatus, "access_status"), server_default=AccessStatus.ACTIVE.value
    )
    access_words: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
