"""Tables of parks and vehicles."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class Powertrain(enum.StrEnum):
    """How a vehicle is driven: it decides what a relay may safely interrupt."""

    ICE = "ice"
    HYBRID = "hybrid"
    ELECTRIC = "electric"


class VehicleStatus(enum.StrEnum):
    """Where a vehicle stands in its life (VEH-3)."""

    ONBOARDING = "onboarding"
    AVAILABLE = "available"
    RENTED = "rented"
    IN_REPAIR = "in_repair"
    BLOCKED = "blocked"
    WRITTEN_OFF = "written_off"


class VehicleClass(enum.StrEnum):
    """What kind of vehicle: it decides what a plausible report is and when a detector speaks."""

    CAR = "car"
    VAN = "van"
    TRUCK = "truck"
    BUS = "bus"
    MOTORCYCLE = "motorcycle"


class Park(Base):
    """A place vehicles belong to. Its zone defines its days, its currency its money."""

    __tablename__ = "vehicles_parks"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, unique=True)
    time_zone: Mapped[str] = mapped_column(sa.Text)
    currency: Mapped[str] = mapped_column(sa.CHAR(3))


class Vehicle(Base):
    """A vehicle of the fleet."""

    __tablename__ = "vehicles_vehicles"
    __table_args__ = (
        sa.CheckConstraint("vin ~ '^[A-HJ-NPR-Z0-9]{17}$'", name="vin_form"),
        sa.CheckConstraint("year BETWEEN 1950 AND 2100", name="year_range"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey(Park.id), index=True)
    vin: Mapped[str] = mapped_column(sa.Text, unique=True)
    plate: Mapped[str | None] = mapped_column(sa.Text, unique=True)
    name: Mapped[str] = mapped_column(sa.Text)
    make: Mapped[str | None] = mapped_column(sa.Text)
    model: Mapped[str] = mapped_column(sa.Text)
    year: Mapped[int | None] = mapped_column(sa.SmallInteger)
    powertrain: Mapped[Powertrain | None] = mapped_column(text_enum(Powertrain, "powertrain"))
    vehicle_class: Mapped[VehicleClass] = mapped_column(
        text_enum(VehicleClass, "vehicle_class"), server_default=VehicleClass.CAR.value
    )
    status: Mapped[VehicleStatus] = mapped_column(text_enum(VehicleStatus, "status"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    # Of the vault: what the files of the vehicle are sealed under. None until there is one.
    key_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vault_keys.id"))


class VehicleStatusChange(Base):
    """One change of status: who, when, why. Append-only."""

    __tablename__ = "vehicles_status_changes"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey(Vehicle.id), index=True)
    status: Mapped[VehicleStatus] = mapped_column(text_enum(VehicleStatus, "status"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    actor_name: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(sa.Text)
