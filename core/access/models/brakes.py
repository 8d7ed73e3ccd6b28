"""Table of what stops all locks at once: the hold that a person puts on, and the breaker that trips by itself."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class BrakeKind(enum.StrEnum):
    """Who stops: a person (hold) or the product itself (breaker)."""

    HOLD = "hold"
    BREAKER = "breaker"


class Brake(Base):
    """All locks stand still from `put_on_at` until an administrator lifts it. Releases never mind it."""

    __tablename__ = "access_brakes"
    __table_args__ = (
        sa.Index("uq_access_brakes_on", "kind", unique=True, postgresql_where=sa.text("lifted_at IS NULL")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted_by_somebody"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    kind: Mapped[BrakeKind] = mapped_column(text_enum(BrakeKind, "brake_kind"))
    put_on_by: Mapped[str] = mapped_column(sa.Text)
    put_on_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    why: Mapped[str] = mapped_column(sa.Text)
    lifted_by: Mapped[str | None] = mapped_column(sa.Text)
    lifted_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    lifted_why: Mapped[str | None] = mapped_column(sa.Text)
