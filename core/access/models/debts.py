"""Table of what drivers owe, as whoever keeps the money tells it."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class Plan(enum.StrEnum):
    """How often a driver pays by the contract: the law counts days of default differently for weekly plans."""

    WEEKLY = "weekly"
    OTHER = "other"


class Debt(Base):
    """What one driver owes now. `as_of` is when whoever keeps the money knew it: what is older changes nothing.

    A promise (until its day), a dispute (until it is closed) or nothing owed: no lock for debt.
    """

    __tablename__ = "access_debts"
    __table_args__ = (
        sa.CheckConstraint("owed_minor >= 0", name="owed_not_negative"),
        sa.CheckConstraint("(owed_minor > 0) = (overdue_since IS NOT NULL)", name="owed_has_a_beginning"),
    )

    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), primary_key=True)
    owed_minor: Mapped[int] = mapped_column(sa.BigInteger)
    currency: Mapped[str] = mapped_column(sa.CHAR(3))
    plan: Mapped[Plan] = mapped_column(text_enum(Plan, "plan"))
    overdue_since: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    promised_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    disputed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    # Written consent to a starter interrupt, and its device named in it, where the law asks for that.
    consented_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    consented_device: Mapped[str | None] = mapped_column(sa.Text)
    as_of: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    noted_by: Mapped[str] = mapped_column(sa.Text)
    noted_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
