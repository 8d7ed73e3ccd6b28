"""Tables of orders to immobilize or release a vehicle, and of every attempt to carry one out."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class OrderKind(enum.StrEnum):
    """What is ordered."""

    IMMOBILIZE = "immobilize"
    RELEASE = "release"


class JobState(enum.StrEnum):
    """Where an order stands (ACC-3). The first three are open, the rest are verdicts."""

    ARMED = "armed"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self in {JobState.ARMED, JobState.SENDING, JobState.SENT}


class Outcome(enum.StrEnum):
    """What is known of one attempt. No outcome: the answer has not come, or whoever waited for it died."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NEVER_ARRIVED = "never_arrived"


class Reason(enum.StrEnum):
    """Why a vehicle is immobilized."""

    SAFETY_LOCKDOWN = "safety_lockdown"
    THEFT = "theft"
    POLICE = "police"
    CONTRACT_ENDED = "contract_ended"
    CONTRACT_VIOLATED = "contract_violated"
    MAINTENANCE = "maintenance"
    RELEASED = "released"


OPEN = sa.text("state IN ('armed', 'sending', 'sent')")


class ImmobilizationJob(Base):
    """One order. The row is the truth: it is written with the order and says what must still happen."""

    __tablename__ = "access_jobs"
    __table_args__ = (
        # One open order of each kind for a vehicle: a release never waits for the lock it undoes.
        sa.Index("uq_access_jobs_open", "vehicle_id", "kind", unique=True, postgresql_where=OPEN),
        sa.Index("ix_access_jobs_vehicle", "vehicle_id", "ordered_at"),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('armed', 'sending', 'sent'))", name="verdict_has_a_time"
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid())
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"))
    kind: Mapped[OrderKind] = mapped_column(text_enum(OrderKind, "kind"))
    method: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[Reason] = mapped_column(text_enum(Reason, "reason"))
    note: Mapped[str] = mapped_column(sa.Text, server_default="")
    ordered_by_kind: Mapped[str] = mapped_column(sa.Text)
    ordered_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    ordered_by: Mapped[str] = mapped_column(sa.Text)
    ordered_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    state: Mapped[JobState] = mapped_column(text_enum(JobState, "state"))
    waiting_for: Mapped[str | None] = mapped_column(sa.Text)
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    # When it became safe to send and the clock of the attempts began.
    started_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    # A command for the opposite that may still be on its way has died by then.
    quiet_after: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    verdict: Mapped[str | None] = mapped_column(sa.Text)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    claimed_by: Mapped[str | None] = mapped_column(sa.Text)
    claimed_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class ImmobilizationAttempt(Base):
    """One command given to a gateway. Written before it leaves, so that a crash cannot hide it."""

    __tablename__ = "access_attempts"

    job_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(ImmobilizationJob.id), primary_key=True)
    number: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ttl_s: Mapped[int] = mapped_column(sa.SmallInteger)
    answered_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    outcome: Mapped[Outcome | None] = mapped_column(text_enum(Outcome, "outcome"))
    answer: Mapped[str | None] = mapped_column(sa.Text)
