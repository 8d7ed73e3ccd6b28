"""Appeals of drivers."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.ratings.models.ratings import DriverRating
from core.ratings.schemas import AppealKind


class AppealState(enum.StrEnum):
    """How far an appeal is."""

    OPEN = "open"
    ESCALATED = "escalated"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self not in {AppealState.OPEN, AppealState.ESCALATED}


class Appeal(Base):
    """A driver holds something for wrong. What is appealed against is told by kind, subject and the moment at which it
    was decided; about the same thing there is one appeal. Words and reason are sealed under the driver's key.
    """

    __tablename__ = "ratings_appeals"
    __table_args__ = (
        sa.UniqueConstraint("driver_id", "kind", "subject", "decided_first_at"),
        sa.Index("ix_ratings_appeals_due", "answer_due_at", postgresql_where=sa.text("state = 'open'")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), index=True)
    kind: Mapped[AppealKind] = mapped_column(text_enum(AppealKind, "kind"))
    subject: Mapped[str] = mapped_column(sa.Text)
    rating_id: Mapped[int | None] = mapped_column(sa.ForeignKey(DriverRating.id))
    # When, and by whom (a pseudonym; none for what the product computed), what is appealed against was decided.
    decided_first_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    decided_first_by: Mapped[str | None] = mapped_column(sa.Text)
    state: Mapped[AppealState] = mapped_column(text_enum(AppealState, "state"))
    words_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    handed_in_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    answer_due_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    escalated_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(sa.Text)
    reason_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
