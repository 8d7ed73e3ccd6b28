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
    """Where an order stands (ACC-3). The first five are open, the rest are verdicts.

    requested: waits for the second person. notified: the driver is being told, the grace runs. armed: waits until it
    is safe. sending, sent: an attempt is under way.
    """

    REQUESTED = "requested"
    NOTIFIED = "notified"
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
        return self in OPEN_STATES


class Outcome(enum.StrEnum):
    """What is known of one attempt. No outcome: the answer has not come, or whoever waited for it died."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NEVER_ARRIVED = "never_arrived"


class Reason(enum.StrEnum):
    """Why a vehicle is immobilized or, the last three, why it is released."""

    SAFETY_LOCKDOWN = "safety_lockdown"
    THEFT = "theft"
    POLICE = "police"
    DEBT = "debt"
    CONTRACT_ENDED = "contract_ended"
    CONTRACT_VIOLATED = "contract_violated"
    MAINTENANCE = "maintenance"
    RELEASED = "released"
    EMERGENCY_START = "emergency_start"
    PAYMENT = "payment"


class Finding(enum.StrEnum):
    """What a review of a lock by break-glass found."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


OPEN_STATES = frozenset({JobState.REQUESTED, JobState.NOTIFIED, JobState.ARMED, JobState.SENDING, JobState.SENT})
# Past the approval and the grace: in the hands of the workers that carry orders out.
LIVE_STATES = frozenset({JobState.ARMED, JobState.SENDING, JobState.SENT})
_OPEN = "state IN ('requested', 'notified', 'armed', 'sending', 'sent')"
OPEN = sa.text(_OPEN)


class ImmobilizationJob(Base):
    """One order. The row is the truth: it is written with the order and says what must still happen.

    `expires_at` is when the present state gives up. `driver_id` is who had the vehicle when it was ordered; an order
    for debt is about the debt of that driver and of nobody else. `decision` is the policy's version, inputs and
    outcome at the order; each attempt keeps its own.
    """

    __tablename__ = "access_jobs"
    __table_args__ = (
        # One open order of each kind for a vehicle: a release never waits for the lock it undoes.
        sa.Index("uq_access_jobs_open", "vehicle_id", "kind", unique=True, postgresql_where=OPEN),
        sa.Index("ix_access_jobs_vehicle", "vehicle_id", "ordered_at"),
        sa.Index("ix_access_jobs_driver", "driver_id", "ordered_at"),
        sa.Index("ix_access_jobs_started", "started_at", postgresql_where=sa.text("kind = 'immobilize'")),
        sa.CheckConstraint(f"(finished_at IS NULL) = ({_OPEN})", name="verdict_has_a_time"),
        # No command of a lock leaves without its second person, or without the break-glass that is reviewed afterwards.
        # Made NOT VALID: orders from before there were approvals keep what they were.
        sa.CheckConstraint(
            "kind = 'release' OR is_break_glass OR approved_at IS NOT NULL"
            " OR state IN ('requested', 'cancelled', 'expired')",
            name="lock_is_approved",
        ),
        sa.CheckConstraint("NOT is_break_glass OR reason IN ('theft', 'police')", name="break_glass_reason"),
        sa.CheckConstraint("NOT is_break_glass OR review_due_at IS NOT NULL", name="break_glass_is_reviewed"),
        sa.CheckConstraint(
            "approved_at IS NULL OR (approved_by_kind = 'user' AND approved_by_id IS NOT NULL"
            " AND (approved_by_kind, approved_by_id) IS DISTINCT FROM (ordered_by_kind, ordered_by_id))",
            name="second_person",
        ),
        sa.CheckConstraint("reason <> 'debt' OR driver_id IS NOT NULL", name="debt_has_a_debtor"),
        sa.CheckConstraint("(reviewed_at IS NULL) = (finding IS NULL)", name="review_has_a_finding"),
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
    driver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    jurisdiction: Mapped[str | None] = mapped_column(sa.Text)
    jurisdiction_version: Mapped[int | None] = mapped_column(sa.Integer)
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    is_break_glass: Mapped[bool] = mapped_column(server_default=sa.false())
    approved_by_kind: Mapped[str | None] = mapped_column(sa.Text)
    approved_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    approved_by: Mapped[str | None] = mapped_column(sa.Text)
    approved_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    # When the grace of a notified driver ends, as far as it is known; None while a warning is still to be told.
    not_before: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    # When the grace of a notified order is looked at next.
    look_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    armed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    review_due_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    reviewed_by: Mapped[str | None] = mapped_column(sa.Text)
    reviewed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    finding: Mapped[Finding | None] = mapped_column(text_enum(Finding, "finding"))
    review_note: Mapped[str | None] = mapped_column(sa.Text)
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
    # The policy's version, inputs and outcome by which its command was let go.
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
