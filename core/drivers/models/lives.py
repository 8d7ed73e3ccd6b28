"""Tables of how far somebody has come as a driver: applied, being verified, active, left, refused."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class Stage(enum.StrEnum):
    """Where somebody stands in their life as a driver of a park (DRV-1)."""

    APPLIED = "applied"
    VERIFYING = "verifying"
    ACTIVE = "active"
    LEFT = "left"
    REFUSED = "refused"


class StageReason(enum.StrEnum):
    """Why somebody went on to another stage."""

    APPLIED = "applied"
    REGISTERED = "registered"
    IMPORTED = "imported"
    TAKEN_UP = "taken_up"
    VERIFIED = "verified"
    RECONSIDERED = "reconsidered"
    CAME_BACK = "came_back"
    NO_LICENCE = "no_licence"
    UNDER_AGE = "under_age"
    PAPERS_WRONG = "papers_wrong"
    PAPERS_LATE = "papers_late"
    BACKGROUND = "background"
    INSURER_DECLINED = "insurer_declined"
    NO_VEHICLE = "no_vehicle"
    WITHDREW = "withdrew"
    RESIGNED = "resigned"
    DISMISSED = "dismissed"
    MOVED = "moved"
    OTHER = "other"


class StageChange(Base):
    """One step in somebody's life as a driver. Append-only: PostgreSQL refuses to change or delete a row of it.

    `words_sealed` is what the person who took the step wrote, under the key of the driver. `actor_id` is who took it,
    within its kind; who that is called is looked up when it is shown.
    """

    __tablename__ = "drivers_stage_changes"
    __table_args__ = (sa.Index("ix_drivers_stage_changes_driver", "driver_id", "id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    from_stage: Mapped[Stage | None] = mapped_column(text_enum(Stage, "from_stage"))
    to_stage: Mapped[Stage] = mapped_column(text_enum(Stage, "to_stage"))
    reason: Mapped[StageReason] = mapped_column(text_enum(StageReason, "reason"))
    words_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
