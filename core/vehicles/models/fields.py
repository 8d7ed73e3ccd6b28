"""Tables of the fields that the office defines for its vehicles, and of what stands in them."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.vehicles.models.registry import Park, Vehicle


class FieldKind(enum.StrEnum):
    """What stands in a field (VEH-2)."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


class VehicleField(Base):
    """A field that a park, or without one everybody, has defined. A closed one is not shown; its values stay."""

    __tablename__ = "vehicles_fields"
    __table_args__ = (
        sa.Index(
            "uq_vehicles_fields_name",
            sa.text("coalesce(park_id, 0)"),
            sa.text("lower(name)"),
            unique=True,
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
        sa.CheckConstraint("(kind = 'choice') = (cardinality(choices) > 0)", name="choices_of_a_choice"),
        sa.CheckConstraint("unit IS NULL OR kind = 'number'", name="unit_of_a_number"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Park.id), index=True)
    name: Mapped[str] = mapped_column(sa.Text)
    kind: Mapped[FieldKind] = mapped_column(text_enum(FieldKind, "kind"))
    unit: Mapped[str | None] = mapped_column(sa.Text)
    choices: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    is_required: Mapped[bool] = mapped_column(sa.Boolean)
    made_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    made_by: Mapped[str] = mapped_column(sa.Text)
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    closed_by: Mapped[str | None] = mapped_column(sa.Text)
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class VehicleFieldValue(Base):
    """What stands in a field of a vehicle, as JSON: text, a number, true or false; a day as its text."""

    __tablename__ = "vehicles_field_values"

    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey(Vehicle.id), primary_key=True)
    field_id: Mapped[int] = mapped_column(sa.ForeignKey(VehicleField.id), primary_key=True, index=True)
    value: Mapped[Any] = mapped_column(JSONB)
