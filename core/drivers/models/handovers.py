"""Vehicles taken over and given back: how each was, what was damaged, and who signed for it."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.drivers.models.assignments import Assignment
from core.drivers.models.people import Driver


class HandoverKind(enum.StrEnum):
    """Which way the vehicle goes."""

    TAKING = "taking"
    RETURNING = "returning"


class PhotoView(enum.StrEnum):
    """What a photo of a handover shows."""

    FRONT = "front"
    LEFT = "left"
    REAR = "rear"
    RIGHT = "right"
    DASHBOARD = "dashboard"


class DamageKind(enum.StrEnum):
    """What is wrong."""

    SCRATCH = "scratch"
    DENT = "dent"
    CRACK = "crack"
    CHIP = "chip"
    TEAR = "tear"
    MISSING = "missing"
    DIRT = "dirt"


class DamageSeverity(enum.StrEnum):
    """How bad it is: to be lived with, to be mended, not to be driven with."""

    MINOR = "minor"
    MODERATE = "moderate"
    SEVERE = "severe"


class Party(enum.StrEnum):
    """Who signs."""

    DRIVER = "driver"
    OFFICE = "office"


class Handover(Base):
    """One inspection, at the taking or the giving back of a vehicle. Until both have signed it is a draft.

    Its photos are sealed under its own key `key_id`, what was written of it under the key of the driver. `content_hash`
    is the SHA-256 of what both signed (core/drivers/rules/handovers.py); PostgreSQL refuses to change it then.
    `note_blind` stands in for the note in it, so that it can still be checked when the driver was erased.
    """

    __tablename__ = "drivers_handovers"
    __table_args__ = (
        sa.UniqueConstraint("assignment_id", "kind"),
        sa.CheckConstraint("odometer_m >= 0", name="odometer_positive"),
        sa.CheckConstraint("fuel_pct BETWEEN 0 AND 100", name="fuel_range"),
        sa.CheckConstraint("(signed_at IS NULL) = (content_hash IS NULL)", name="signed_has_hash"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    assignment_id: Mapped[int] = mapped_column(sa.ForeignKey(Assignment.id))
    kind: Mapped[HandoverKind] = mapped_column(text_enum(HandoverKind, "kind"))
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"), index=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey(Driver.id), index=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("vault_keys.id"))
    begun_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    begun_by_kind: Mapped[str] = mapped_column(sa.Text)
    begun_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    odometer_m: Mapped[int | None] = mapped_column(sa.BigInteger)
    fuel_pct: Mapped[int | None] = mapped_column(sa.SmallInteger)
    note_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    note_blind: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    signed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    content_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class HandoverPhoto(Base):
    """A photo of a handover. One of each view."""

    __tablename__ = "drivers_handover_photos"

    handover_id: Mapped[int] = mapped_column(sa.ForeignKey(Handover.id), primary_key=True)
    view: Mapped[PhotoView] = mapped_column(text_enum(PhotoView, "view"), primary_key=True)
    file_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("files_files.id"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Damage(Base):
    """A mark on the map of a vehicle, found at a handover and there until it is mended.

    `x` and `y` are thousandths of the map's width and height (core/drivers/rules/damage_map.py).
    """

    __tablename__ = "drivers_damages"
    __table_args__ = (
        sa.CheckConstraint("x BETWEEN 0 AND 1000 AND y BETWEEN 0 AND 1000", name="on_the_map"),
        sa.Index("ix_drivers_damages_open", "vehicle_id", postgresql_where=sa.text("mended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"))
    handover_id: Mapped[int] = mapped_column(sa.ForeignKey(Handover.id), index=True)
    x: Mapped[int] = mapped_column(sa.SmallInteger)
    y: Mapped[int] = mapped_column(sa.SmallInteger)
    kind: Mapped[DamageKind] = mapped_column(text_enum(DamageKind, "kind"))
    severity: Mapped[DamageSeverity] = mapped_column(text_enum(DamageSeverity, "severity"))
    file_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("files_files.id"))
    found_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    mended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    mended_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)


class HandoverSignature(Base):
    """Who signed a handover, when, and for what content. The drawn line is sealed: by the key of the driver for the
    driver's, by the key of the handover for the office's. Nothing drawn: they have declared it instead.
    """

    __tablename__ = "drivers_handover_signatures"

    handover_id: Mapped[int] = mapped_column(sa.ForeignKey(Handover.id), primary_key=True)
    party: Mapped[Party] = mapped_column(text_enum(Party, "party"), primary_key=True)
    signer_id: Mapped[int] = mapped_column(sa.ForeignKey("identity_users.id"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    strokes_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    content_hash: Mapped[bytes] = mapped_column(sa.LargeBinary)
