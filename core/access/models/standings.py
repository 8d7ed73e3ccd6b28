"""Tables of whether drivers may drive: the facts it is judged by, how it stands, and how it changed."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.drivers.models import AccessStatus


class FactKind(enum.StrEnum):
    """What a fact about a driver is of. What they owe is in access_debts."""

    DOCUMENT = "document"
    RATING = "rating"
    INCIDENT = "incident"
    MANUAL = "manual"


class DriverFact(Base):
    """One thing a driver's standing is judged by. `key` tells facts of one kind apart (which document, which incident).

    `as_of` is when whoever told it knew it: what is older changes nothing. A withdrawn one counts no more, and stays.
    """

    __tablename__ = "access_driver_facts"

    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), primary_key=True)
    kind: Mapped[FactKind] = mapped_column(text_enum(FactKind, "fact_kind"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSONB)
    as_of: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    noted_by: Mapped[str] = mapped_column(sa.Text)
    noted_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class DriverStanding(Base):
    """How a driver stands now and why. `next_change_at` is when time alone changes it.

    `debt_noted_at` tells which note of their debt it was judged by: another one is a reason to judge anew.
    """

    __tablename__ = "access_driver_standings"

    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), primary_key=True)
    status: Mapped[AccessStatus] = mapped_column(text_enum(AccessStatus, "status"))
    since: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    policy_version: Mapped[int] = mapped_column(sa.Integer)
    judged_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    next_change_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True), index=True)
    debt_noted_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class StandingChange(Base):
    """One change of how a driver stands: of the status, or of the reasons for the same one. Append-only."""

    __tablename__ = "access_standing_changes"
    __table_args__ = (sa.Index("ix_access_standing_changes_driver", "driver_id", "id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    from_status: Mapped[AccessStatus | None] = mapped_column(text_enum(AccessStatus, "from_status"))
    to_status: Mapped[AccessStatus] = mapped_column(text_enum(AccessStatus, "to_status"))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    policy_version: Mapped[int] = mapped_column(sa.Integer)
    actor_name: Mapped[str] = mapped_column(sa.Text)
