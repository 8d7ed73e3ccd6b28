"""Disputes: somebody says that an event is not so. Nothing is deducted for it until somebody else has decided."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.events.models.records import LoggedEvent


class DisputeGround(enum.StrEnum):
    """What is said against the event."""

    NOT_ME = "not_me"
    NOT_SO = "not_so"
    AMOUNT = "amount"
    PAID = "paid"
    OTHER = "other"


class DisputeState(enum.StrEnum):
    """How far a dispute is."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    REJECTED = "rejected"
    TAKEN_BACK = "taken_back"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self in {DisputeState.OPEN, DisputeState.UNDER_REVIEW}


class DisputeEffect(enum.StrEnum):
    """What the decision does to what is charged."""

    CHARGE_STANDS = "charge_stands"
    CHARGE_REDUCED = "charge_reduced"
    CHARGE_DROPPED = "charge_dropped"


class Dispute(Base):
    """One dispute of an event; at most one of an event is open. The words are sealed under the key of the driver."""

    __tablename__ = "events_disputes"
    __table_args__ = (
        sa.Index(
            "uq_events_disputes_open",
            "event_id",
            unique=True,
            postgresql_where=sa.text("state IN ('open', 'under_review')"),
        ),
        sa.CheckConstraint(
            "(state IN ('accepted', 'partly_accepted', 'rejected')) = (effect IS NOT NULL)", name="decided_has_effect"
        ),
        sa.CheckConstraint("(state IN ('open', 'under_review')) = (ended_at IS NULL)", name="open_has_no_end"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(LoggedEvent.id), index=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), index=True)
    ground: Mapped[DisputeGround] = mapped_column(text_enum(DisputeGround, "ground"))
    words_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    state: Mapped[DisputeState] = mapped_column(text_enum(DisputeState, "state"))
    opened_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    opened_by_kind: Mapped[str] = mapped_column(sa.Text)
    opened_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # Until when the office has to decide.
    due_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    effect: Mapped[DisputeEffect | None] = mapped_column(text_enum(DisputeEffect, "effect"))
    charge_minor: Mapped[int | None] = mapped_column(sa.BigInteger)
    reasons_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class DisputeStep(Base):
    """A state that a dispute came to: who, when. Append-only."""

    __tablename__ = "events_dispute_steps"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    dispute_id: Mapped[int] = mapped_column(sa.ForeignKey(Dispute.id), index=True)
    state: Mapped[DisputeState] = mapped_column(text_enum(DisputeState, "state"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)


class DisputeFile(Base):
    """A photo or document that was handed in with a dispute, sealed under the key of the driver."""

    __tablename__ = "events_dispute_files"

    file_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("files_files.id"), primary_key=True)
    dispute_id: Mapped[int] = mapped_column(sa.ForeignKey(Dispute.id), index=True)
