"""Table of what drivers were told before a lock, over which channel, and when."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.access.models.jobs import ImmobilizationJob
from core.db import Base, text_enum


class Channel(enum.StrEnum):
    """How a driver is told: on their own page (seen by them), by letter (left for them), or by a person who called."""

    APP = "app"
    EMAIL = "email"
    PHONE = "phone"


class Notice(Base):
    """One telling of one warning of one order. `warning` numbers the warnings of the order from 1.

    A row is made when the telling begins; `told_at` is set when it is known to have reached the driver: the page was
    opened, the letter was taken by the mail server, the caller says so. Only told ones let the grace run.
    """

    __tablename__ = "access_notices"
    __table_args__ = (sa.UniqueConstraint("job_id", "warning", "channel"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    job_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(ImmobilizationJob.id))
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), index=True)
    warning: Mapped[int] = mapped_column(sa.SmallInteger)
    channel: Mapped[Channel] = mapped_column(text_enum(Channel, "channel"))
    words: Mapped[str] = mapped_column(sa.Text)
    begun_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    letter_id: Mapped[int | None] = mapped_column(sa.ForeignKey("identity_letters.id", ondelete="SET NULL"))
    told_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    told_by: Mapped[str | None] = mapped_column(sa.Text)
    problem: Mapped[str | None] = mapped_column(sa.Text)
