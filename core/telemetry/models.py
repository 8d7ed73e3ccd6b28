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

# What a track needs lies in the key itself: points come moment after moment, so that those of one vehicle lie on a page
# each, and a day's track would go through as many pages as it has points.
IN_THE_KEY = ("lat", "lon", "altitude_m", "speed_kmh", "course_deg", "ignition")

points = sa.Table(
    "telemetry_points",
    Base.metadata,
    sa.Column("vehicle_id", sa.BigInteger),
    sa.Column("ts", sa.DateTime(timezone=True)),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    *_measured(),
    sa.PrimaryKeyConstraint("vehicle_id", "ts", postgresql_include=IN_THE_KEY),
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
    # When the last batch with something new of this vehicle arrived. Strictly later with each: what a follower has
    # not seen of a vehicle is exactly what arrived after the last it saw.
    sa.Column("arrived_at", sa.DateTime(timezone=True)),
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
    # The point as it was read, when it could be: what a replay judges anew.
    point: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    # The values that were not believed of a point that was stored without them; null when the whole point was refused.
    left_out: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    replayed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    replay_outcome: Mapped[str | None] = mapped_column(sa.Text)


def _periods(name: str) -> sa.Table:
    return sa.Table(
        name,
        Base.metadata,
        sa.Column("vehicle_id", sa.BigInteger, primary_key=True),
        sa.Column("start", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("point_count", sa.Integer, nullable=False),
        sa.Column("distance_m", sa.Double, nullable=False),
        sa.Column("moving_s", sa.REAL, nullable=False),
        sa.Column("idle_s", sa.REAL, nullable=False),
        sa.Column("engine_s", sa.REAL),
        sa.Column("fuel_l", sa.REAL),
        sa.Column("max_speed_kmh", sa.REAL),
        sa.Column("dtc_count", sa.Integer, nullable=False),
        postgresql_partition_by="RANGE (start)",
    )


# Sums over one minute, a quarter of an hour, an hour, and a day of the park (TEL-6).
PERIODS: dict[str, sa.Table] = {
    "1m": _periods("telemetry_minutes"),
    "15m": _periods("telemetry_quarters"),
    "1h": _periods("telemetry_hours"),
    "1d": _periods("telemetry_days"),
}

trips = sa.Table(
    "telemetry_trips",
    Base.metadata,
    sa.Column("vehicle_id", sa.BigInteger, primary_key=True),
    sa.Column("started_at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("start_lat", sa.Double),
    sa.Column("start_lon", sa.Double),
    sa.Column("end_lat", sa.Double),
    sa.Column("end_lon", sa.Double),
    sa.Column("distance_m", sa.Double, nullable=False),
    sa.Column("moving_s", sa.REAL, nullable=False),
    sa.Column("idle_s", sa.REAL, nullable=False),
    sa.Column("max_speed_kmh", sa.REAL, nullable=False),
    sa.Column("point_count", sa.Integer, nullable=False),
    sa.Column("start_odometer_m", sa.BigInteger),
    sa.Column("end_odometer_m", sa.BigInteger),
    sa.Column("fuel_l", sa.REAL),
    # A late point may change what was said, or take it back: the row stays and says when.
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
)

stops = sa.Table(
    "telemetry_stops",
    Base.metadata,
    sa.Column("vehicle_id", sa.BigInteger, primary_key=True),
    sa.Column("started_at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("lat", sa.Double),
    sa.Column("lon", sa.Double),
    sa.Column("idle_s", sa.REAL, nullable=False),
    sa.Column("point_count", sa.Integer, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
)

heads = sa.Table(
    "telemetry_heads",
    Base.metadata,
    sa.Column("vehicle_id", sa.BigInteger, primary_key=True),
    # The last point that was followed, and the arrival up to which everything was seen.
    sa.Column("ts", sa.DateTime(timezone=True)),
    sa.Column("arrived_at", sa.DateTime(timezone=True)),
    # How many of its stored points were seen; while `telemetry_states.stored_count` is another, some were not.
    sa.Column("point_count", sa.BigInteger, nullable=False, server_default="0"),
    # Raised with each write: who computed on an older one lost a race.
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
    # Since when the vehicle is known to be silent: the moment of its last point.
    sa.Column("silent_since", sa.DateTime(timezone=True)),
    sa.Column("detectors", JSONB, nullable=False),
    sa.Column("mileage_m", sa.Double),
    sa.Column("mileage_ts", sa.DateTime(timezone=True)),
    sa.Column("mileage_method", sa.Text),
)

checkpoints = sa.Table(
    "telemetry_checkpoints",
    Base.metadata,
    sa.Column("vehicle_id", sa.BigInteger, primary_key=True),
    # The detectors as they were after every point before this moment.
    sa.Column("ts", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("detectors", JSONB, nullable=False),
    postgresql_partition_by="RANGE (ts)",
)


class MileageReading(Base):
    """What a person read off the odometer: at an inspection, or to correct what was wrong. Append-only (VEH-4)."""

    __tablename__ = "telemetry_mileage_readings"

    vehicle_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    read_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), primary_key=True)
    odometer_m: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(sa.Text)
    recorded_by: Mapped[str] = mapped_column(sa.Text)
    recorded_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
