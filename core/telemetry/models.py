"""Tables of telemetry. No foreign keys at the points: a hypertable or a distributed table could not have them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


def _measured() -> list[sa.Column[Any]]:
    """What a point says; the same columns, in the same order, in the history and in the latest state."""
    return [
        sa.Column("lat", sa.Double),
        sa.Column("lon", sa.Double),
        sa.Column("altitude_m", sa.REAL),
        sa.Column("speed_kmh", sa.REAL),
        sa.Column("course_deg", sa.REAL),
        sa.Column("satellites", sa.SmallInteger),
        sa.Column("hdop", sa.REAL),
        sa.Column("ignition", sa.Boolean),
        sa.Column("odometer_m", sa.BigInteger),
        sa.Column("fuel_pct", sa.REAL),
        sa.Column("fuel_rate_lph", sa.REAL),
        sa.Column("rpm", sa.REAL),
        sa.Column("engine_temp_c", sa.REAL),
        sa.Column("voltage_v", sa.REAL),
        sa.Column("dtc", ARRAY(sa.Text)),
        sa.Column("outputs", sa.Integer),
        sa.Column("relay_on", sa.Boolean),
        sa.Column("driver_key", sa.Text),
        sa.Column("extra", JSONB),
    ]


MEASURED = tuple(str(column.name) for column in _measured())

points = sa.Table(
    "telemetry_points",
    Base.metadata,
    sa.Column("vehicle_id", sa.BigInteger, primary_key=True),
    sa.Column("ts", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    *_measured(),
    postgresql_partition_by="RANGE (ts)",
)

states = sa.Table(
    "telemetry_states",
    Base.metadata,
    sa.Column("vehicle_id", sa.BigInteger, primary_key=True),
    sa.Column("ts", sa.DateTime(timezone=True)),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    *_measured(),
    # When the position was last known, which may be earlier than `ts`: a report without a fix keeps the old place.
    sa.Column("fix_ts", sa.DateTime(timezone=True)),
    # When the relay was last reported: by the device's clock, and when that report arrived. A proof needs both,
    # since `relay_on` itself is carried through reports that do not mention it.
    sa.Column("relay_ts", sa.DateTime(timezone=True)),
    sa.Column("relay_received_at", sa.DateTime(timezone=True)),
    # Since when every report said: speed 0, engine not on.
    sa.Column("standing_since", sa.DateTime(timezone=True)),
    sa.Column("received_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("stored_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("duplicate_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refused_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint(
        "received_count = stored_count + duplicate_count + refused_count", name="every_point_accounted_for"
    ),
    # Every report updates the row in place; room on the page keeps that from touching an index.
    postgresql_with={"fillfactor": "50"},
)


class Refusal(Base):
    """A point that was not stored, whole, with the rule that refused it. Kept for as long as raw points are."""

    __tablename__ = "telemetry_refusals"
    __table_args__ = (
        sa.Index("ix_telemetry_refusals_vehicle", "vehicle_id", "received_at"),
        {"postgresql_partition_by": "RANGE (received_at)"},
    )

    received_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), primary_key=True)
    id: Mapped[int] = mapped_column(
        sa.BigInteger, primary_key=True, server_default=sa.text("nextval('telemetry_refusals_id_seq')")
    )
    source: Mapped[str] = mapped_column(sa.Text)
    vehicle_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    device_uid: Mapped[str | None] = mapped_column(sa.Text)
    ts: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    rule: Mapped[str] = mapped_column(sa.Text)
    detail: Mapped[str] = mapped_column(sa.Text)
    raw: Mapped[str] = mapped_column(sa.Text)
