"""Tables of what was detected, and of the places that detectors know."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.vehicles.models import Park


class FenceKind(enum.StrEnum):
    """The form of a geofence."""

    CIRCLE = "circle"
    POLYGON = "polygon"


class Geofence(Base):
    """A place with a name. One without a park is everybody's. A closed one detects nothing more, and stays."""

    __tablename__ = "events_geofences"
    __table_args__ = (
        sa.CheckConstraint(
            "(kind = 'circle') = (radius_m IS NOT NULL) AND (kind = 'polygon') = (coordinates IS NOT NULL)",
            name="one_form",
        ),
        sa.CheckConstraint("radius_m BETWEEN 10 AND 200000", name="radius_range"),
        sa.Index(
            "uq_events_geofences_name",
            sa.text("coalesce(park_id, 0)"),
            "name",
            unique=True,
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Park.id), index=True)
    name: Mapped[str] = mapped_column(sa.Text)
    kind: Mapped[FenceKind] = mapped_column(text_enum(FenceKind, "kind"))
    # The centre of a circle, or the middle of the polygon's box.
    lat: Mapped[float] = mapped_column(sa.Double)
    lon: Mapped[float] = mapped_column(sa.Double)
    radius_m: Mapped[float | None] = mapped_column(sa.Double)
    # GeoJSON MultiPolygon coordinates.
    coordinates: Mapped[list[Any] | None] = mapped_column(JSONB)
    # Where no vehicle may be locked, and why: a hospital, a motorway, a tunnel, a railway crossing.
    no_lock: Mapped[str | None] = mapped_column(sa.Text)
    created_by: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    closed_by: Mapped[str | None] = mapped_column(sa.Text)
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class Detection(Base):
    """Something detected. `id` is made from what it is (vehicle, kind, subject, start), so twice is once.

    A late point may change what was detected, or take it back: the row stays and says when.
    """

    __tablename__ = "events_detections"
    __table_args__ = (
        sa.UniqueConstraint("vehicle_id", "kind", "subject", "started_at"),
        sa.Index("ix_events_detections_started", "started_at"),
        sa.CheckConstraint("ended_at >= started_at", name="ends_after_it_starts"),
    )

    vehicle_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.Text)
    subject: Mapped[str] = mapped_column(sa.Text, server_default="")
    started_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    lat: Mapped[float | None] = mapped_column(sa.Double)
    lon: Mapped[float | None] = mapped_column(sa.Double)
    value: Mapped[float | None] = mapped_column(sa.Double)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    detected_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
