"""People who drive, and how they stand."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.drivers.models.lives import Stage


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

    `stage` is how far they have come (rules/lives.py); none but the active are given vehicles.
    What is personal is sealed under the key `key_id` (core/vault.py); of the phone a blind index says whether it is
    somebody's already. Who was erased has neither.
    `access_status` and `access_words`, which say why and what the way back is, are written by core/access alone.
    """

    __tablename__ = "drivers_drivers"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("identity_users.id"), unique=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("vault_keys.id"))
    name_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    phone_blind: Mapped[bytes | None] = mapped_column(sa.LargeBinary, unique=True)
    access_status: Mapped[AccessStatus] = mapped_column(
        text_enum(AccessStatus, "access_status"), server_default=AccessStatus.ACTIVE.value
    )
    access_words: Mapped[str | None] = mapped_column(sa.Text)
    stage: Mapped[Stage] = mapped_column(text_enum(Stage, "stage"), server_default=Stage.ACTIVE.value, index=True)
    stage_since: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
