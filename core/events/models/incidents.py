"""The file of an incident: photos, costs, who answers for it, third parties, references, and how far it is."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.events.models.records import LoggedEvent


class IncidentState(enum.StrEnum):
    """How far an incident is."""

    REPORTED = "reported"
    UNDER_REVIEW = "under_review"
    DECIDED = "decided"
    CLOSED = "closed"


class IncidentAct(enum.StrEnum):
    """What was done to the file of an incident."""

    REPORTED = "reported"
    MOVED = "moved"
    PHOTO_ADDED = "photo_added"
    COST_ADDED = "cost_added"
    COST_STRUCK = "cost_struck"
    SHARES_SET = "shares_set"
    PARTY_ADDED = "party_added"
    REFERENCES_SET = "references_set"


class CostKind(enum.StrEnum):
    """What money went into."""

    REPAIR = "repair"
    TOWING = "towing"
    RENTAL = "rental"
    MEDICAL = "medical"
    EXCESS = "excess"
    LEGAL = "legal"
    DOWNTIME = "downtime"
    OTHER = "other"


class Incident(Base):
    """The file of one incident. What is in it about people is sealed under `key_id`, the file's own."""

    __tablename__ = "events_incidents"

    event_id: Mapped[int] = mapped_column(sa.ForeignKey(LoggedEvent.id), primary_key=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("vault_keys.id"))
    state: Mapped[IncidentState] = mapped_column(text_enum(IncidentState, "state"))
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    police_number_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    claim_number_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class IncidentStep(Base):
    """One thing that was done to the file, by whom and when; ids and figures in `detail`. Append-only."""

    __tablename__ = "events_incident_steps"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(Incident.event_id), index=True)
    act: Mapped[IncidentAct] = mapped_column(text_enum(IncidentAct, "act"))
    state: Mapped[IncidentState] = mapped_column(text_enum(IncidentState, "state"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)


class IncidentPhoto(Base):
    """A photo or document of an incident."""

    __tablename__ = "events_incident_photos"

    file_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("files_files.id"), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(Incident.event_id), index=True)


class IncidentCost(Base):
    """One line of what an incident costs. A line that was wrong is struck, and stays."""

    __tablename__ = "events_incident_costs"
    __table_args__ = (sa.CheckConstraint("amount_minor > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(Incident.event_id), index=True)
    kind: Mapped[CostKind] = mapped_column(text_enum(CostKind, "kind"))
    amount_minor: Mapped[int] = mapped_column(sa.BigInteger)
    currency: Mapped[str] = mapped_column(sa.CHAR(3))
    reference: Mapped[str | None] = mapped_column(sa.Text)
    added_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    struck_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class IncidentShare(Base):
    """How much of the fault is whose, in percent. What is left of 100 is that of third parties or of nobody."""

    __tablename__ = "events_incident_shares"
    __table_args__ = (sa.CheckConstraint("fault_pct BETWEEN 0 AND 100", name="pct_range"),)

    event_id: Mapped[int] = mapped_column(sa.ForeignKey(Incident.event_id), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), primary_key=True)
    fault_pct: Mapped[int] = mapped_column(sa.SmallInteger)


class IncidentParty(Base):
    """A third party: name, contact, vehicle, insurer, sealed as one text of JSON."""

    __tablename__ = "events_incident_parties"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey(Incident.event_id), index=True)
    told_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    added_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
