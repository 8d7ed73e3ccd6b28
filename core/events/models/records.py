"""The event log: what was told, in versions that are never changed, how each event stands now, and whose it was."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class RecordKind(enum.StrEnum):
    """What an event is that people or the law tell of."""

    INCIDENT = "incident"
    FINE = "fine"
    REPAIR = "repair"
    VIOLATION = "violation"


class RecordAct(enum.StrEnum):
    """What a version did to the event."""

    RECORDED = "recorded"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class RecordReason(enum.StrEnum):
    """Why an event was corrected or withdrawn: words of a list, so that nobody writes about a person."""

    TYPING_ERROR = "typing_error"
    OTHER_FACTS = "other_facts"
    WRONG_VEHICLE = "wrong_vehicle"
    DUPLICATE = "duplicate"
    WITHDRAWN_BY_ISSUER = "withdrawn_by_issuer"
    DISPUTE = "dispute"


class EventSource(enum.StrEnum):
    """How it came in."""

    OFFICE = "office"
    API = "api"
    FILE = "file"


class MatchState(enum.StrEnum):
    """How it was found out whose an event is."""

    MATCHED = "matched"  # one driver had the vehicle
    NAMED = "named"  # whoever told it named the driver
    DECIDED = "decided"  # a person decided; assignments that change later leave it alone
    NOBODY = "nobody"  # nobody had the vehicle
    AMBIGUOUS = "ambiguous"  # several had it in the time that is told

    @property
    def is_waiting(self) -> bool:
        """Whether a person has to look."""
        return self in {MatchState.NOBODY, MatchState.AMBIGUOUS}


class LoggedEvent(Base):
    """One event, as it stands now: what its newest version, its newest match and its disputes make of it.

    `charge_minor` is what its driver owes for it at most; nothing of it may be deducted while `is_frozen`.
    """

    __tablename__ = "events_logged"
    __table_args__ = (
        sa.Index("ix_events_logged_park", "park_id", "happened_at", "id"),
        sa.Index("ix_events_logged_vehicle", "vehicle_id", "happened_at", "id"),
        sa.Index("ix_events_logged_driver", "driver_id", "happened_at", "id"),
        sa.Index(
            "ix_events_logged_waiting",
            "happened_at",
            postgresql_where=sa.text("match_state IN ('nobody', 'ambiguous') AND withdrawn_at IS NULL"),
        ),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount_has_currency"),
        sa.CheckConstraint("charge_minor BETWEEN 0 AND amount_minor", name="charge_within_amount"),
        sa.CheckConstraint("happened_until > happened_at", name="span_in_order"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"))
    kind: Mapped[RecordKind] = mapped_column(text_enum(RecordKind, "kind"))
    vehicle_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"))
    happened_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    # The moment lies from happened_at to before it, when it is not told exactly.
    happened_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    driver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    match_state: Mapped[MatchState] = mapped_column(text_enum(MatchState, "match_state"))
    amount_minor: Mapped[int | None] = mapped_column(sa.BigInteger)
    currency: Mapped[str | None] = mapped_column(sa.CHAR(3))
    charge_minor: Mapped[int | None] = mapped_column(sa.BigInteger)
    is_frozen: Mapped[bool] = mapped_column(sa.Boolean, server_default=sa.false())
    withdrawn_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    recorded_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    # How many versions there are; the newest has this number.
    record_number: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    # Of the words and photos that belong to no known driver.
    key_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vault_keys.id"))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class EventRecord(Base):
    """One version of an event: what was told, by whom, from where. Append-only; the next one has the next number."""

    __tablename__ = "events_records"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "number"),
        sa.CheckConstraint("(number = 1) = (act = 'recorded')", name="first_is_recorded"),
        sa.CheckConstraint("(number = 1) = (reason IS NULL)", name="change_has_reason"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(LoggedEvent.id))
    number: Mapped[int] = mapped_column(sa.Integer)
    # The version it takes the place of.
    replaces_id: Mapped[int | None] = mapped_column(sa.ForeignKey("events_records.id"), unique=True)
    act: Mapped[RecordAct] = mapped_column(text_enum(RecordAct, "act"))
    reason: Mapped[RecordReason | None] = mapped_column(text_enum(RecordReason, "reason"))
    # What was told, in the shape of its kind and without the words about people.
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)
    words_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    identity_hash: Mapped[bytes] = mapped_column(sa.LargeBinary)
    # Of all that was told under it but the words: tells a repetition from another story.
    content_hash: Mapped[bytes] = mapped_column(sa.LargeBinary)
    source: Mapped[EventSource] = mapped_column(text_enum(EventSource, "source"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)


class EventIdentity(Base):
    """What was ever told of which event: a thing that is told again is that event, also when it was corrected or
    withdrawn since. Append-only.
    """

    __tablename__ = "events_identities"

    hash: Mapped[bytes] = mapped_column(sa.LargeBinary, primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(LoggedEvent.id), index=True)


class EventMatch(Base):
    """Whose an event was found to be, from `at` on. Append-only; the newest counts."""

    __tablename__ = "events_matches"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(LoggedEvent.id), index=True)
    state: Mapped[MatchState] = mapped_column(text_enum(MatchState, "state"))
    driver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    assignment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("drivers_assignments.id"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
