"""Tables of what wants a person, and of everything that became of it."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.inbox.rules.claims import ClosedWhy, ItemState


class StepAct(enum.StrEnum):
    """What became of an item."""

    OPENED = "opened"
    REOPENED = "reopened"
    LOUDER = "louder"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    ESCALATED = "escalated"
    TOLD = "told"
    CLOSED = "closed"


class Item(Base):
    """One thing that wants a person. It has one row for ever: what comes back opens it for another `round`.

    `severity` is 1 (to be known), 2 (to be looked at), 3 (to be acted on). `stage` is the reminder that was reached, in
    days before `due_on`. `open_since` is since when it waits for an answer; `count` how often it happened in this
    round. `detail` holds ids and figures, never anything about a person.
    """

    __tablename__ = "inbox_items"
    __table_args__ = (
        sa.UniqueConstraint("kind", "key"),
        sa.CheckConstraint("severity BETWEEN 1 AND 3", name="severity_range"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_a_time"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_why IS NULL)", name="closed_has_a_reason"),
        sa.CheckConstraint("(state = 'snoozed') = (snoozed_until IS NOT NULL)", name="snoozed_has_an_end"),
        sa.Index("ix_inbox_items_left", "park_id", "kind", postgresql_where=sa.text("state <> 'closed'")),
        sa.Index("ix_inbox_items_assigned", "assigned_to", postgresql_where=sa.text("state <> 'closed'")),
        sa.Index("ix_inbox_items_closed", "closed_at", postgresql_where=sa.text("state = 'closed'")),
        sa.Index("ix_inbox_items_driver", "driver_id"),
        sa.Index("ix_inbox_items_vehicle", "vehicle_id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.Text)
    key: Mapped[str] = mapped_column(sa.Text)
    park_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vehicles_parks.id"))
    vehicle_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"))
    driver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    severity: Mapped[int] = mapped_column(sa.SmallInteger)
    stage: Mapped[int | None] = mapped_column(sa.SmallInteger)
    due_on: Mapped[date | None] = mapped_column(sa.Date)
    happened_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[ItemState] = mapped_column(text_enum(ItemState, "state"))
    round: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    count: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    opened_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    open_since: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    escalated_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    acknowledged_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    assigned_to: Mapped[int | None] = mapped_column(sa.ForeignKey("identity_users.id"))
    snoozed_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    closed_why: Mapped[ClosedWhy | None] = mapped_column(text_enum(ClosedWhy, "closed_why"))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class Step(Base):
    """One thing that became of an item, by whom. Append-only. `detail` holds ids and words of lists."""

    __tablename__ = "inbox_steps"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey(Item.id), index=True)
    round: Mapped[int] = mapped_column(sa.Integer)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    act: Mapped[StepAct] = mapped_column(text_enum(StepAct, "act"))
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
