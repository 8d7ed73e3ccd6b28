"""Tables of the devices in vehicles, and of those that wait to be put into one."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.vehicles.models.registry import Vehicle


class RelayGateway(enum.StrEnum):
    """The road by which a command reaches the immobilizer relay (ACC-9)."""

    VIALON_RELAY = "vialon_relay"
    TELTONIKA_CODEC12 = "teltonika_codec12"
    TRACCAR_COMMAND = "traccar_command"


class Tracker(Base):
    """The device in a vehicle: how it names itself, the hash of its key, and which output holds the relay."""

    __tablename__ = "vehicles_trackers"
    __table_args__ = (sa.CheckConstraint("relay_output BETWEEN 1 AND 16", name="relay_output_range"),)

    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey(Vehicle.id), primary_key=True)
    device_uid: Mapped[str] = mapped_column(sa.Text, unique=True)
    key_hash: Mapped[str | None] = mapped_column(sa.Text)
    relay_gateway: Mapped[RelayGateway | None] = mapped_column(text_enum(RelayGateway, "relay_gateway"))
    relay_output: Mapped[int] = mapped_column(sa.SmallInteger, server_default="1")
    relay_inverted: Mapped[bool] = mapped_column(server_default=sa.false())
    # Of the model, where one maker numbers its values differently (Teltonika: "fmb", "fm36", "fmb6", "ft").
    family: Mapped[str | None] = mapped_column(sa.Text)


class UnknownDevice(Base):
    """A device that reported and that nobody has put into a vehicle yet. Waits in the admin console to be claimed."""

    __tablename__ = "vehicles_unknown_devices"

    device_uid: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    source: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    seen_count: Mapped[int] = mapped_column(sa.BigInteger, server_default="1")
    address: Mapped[str | None] = mapped_column(sa.Text)
