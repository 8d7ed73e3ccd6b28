"""The telemetry engine: aggregates, trips and stops, detections, geofences, mileage, unknown devices, replay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CLASSES = ("car", "van", "truck", "bus", "motorcycle")


def upgrade() -> None:
    """Go forward."""
    _widen_what_is_there()
    _put_the_track_into_the_key()
    for name in ("telemetry_minutes", "telemetry_quarters", "telemetry_hours", "telemetry_days"):
        _create_periods(name)
    _create_trips_and_stops()
    _create_following()
    _create_events()
    _refuse_changes("telemetry_mileage_readings")


def _widen_what_is_there() -> None:
    op.add_column("telemetry_states", sa.Column("arrived_at", MOMENT, nullable=True))
    op.execute("UPDATE telemetry_states SET arrived_at = received_at")
    op.add_column("telemetry_refusals", sa.Column("point", postgresql.JSONB(), nullable=True))
    op.add_column("telemetry_refusals", sa.Column("left_out", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("telemetry_refusals", sa.Column("replayed_at", MOMENT, nullable=True))
    op.add_column("telemetry_refusals", sa.Column("replay_outcome", sa.Text(), nullable=True))
    op.add_column("vehicles_trackers", sa.Column("family", sa.Text(), nullable=True))
    op.add_column(
        "vehicles_vehicles",
        sa.Column(
            "vehicle_class",
            sa.Enum(*CLASSES, name="vehicle_class", native_enum=False, create_constraint=True, length=32),
            server_default="car",
            nullable=False,
        ),
    )
    op.create_table(
        "vehicles_unknown_devices",
        sa.Column("device_uid", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("seen_count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("device_uid", "source", name=op.f("pk_vehicles_unknown_devices")),
    )
    op.create_index(op.f("ix_vehicles_unknown_devices_last_seen_at"), "vehicles_unknown_devices", ["last_seen_at"])


def _put_the_track_into_the_key() -> None:
    op.execute("ALTER TABLE telemetry_points DROP CONSTRAINT pk_telemetry_points")
    op.execute(
        "ALTER TABLE telemetry_points ADD CONSTRAINT pk_telemetry_points PRIMARY KEY (vehicle_id, ts) "
        "INCLUDE (lat, lon, altitude_m, speed_kmh, course_deg, ignition)"
    )


def _create_periods(name: str) -> None:
    op.create_table(
        name,
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("start", MOMENT, nullable=False),
        sa.Column("point_count", sa.Integer(), nullable=False),
        sa.Column("distance_m", sa.Double(), nullable=False),
        sa.Column("moving_s", sa.REAL(), nullable=False),
        sa.Column("idle_s", sa.REAL(), nullable=False),
        sa.Column("engine_s", sa.REAL(), nullable=True),
        sa.Column("fuel_l", sa.REAL(), nullable=True),
        sa.Column("max_speed_kmh", sa.REAL(), nullable=True),
        sa.Column("dtc_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "start", name=op.f(f"pk_{name}")),
        postgresql_partition_by="RANGE (start)",
    )


def _create_trips_and_stops() -> None:
    op.create_table(
        "telemetry_trips",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("start_lat", sa.Double(), nullable=True),
        sa.Column("start_lon", sa.Double(), nullable=True),
        sa.Column("end_lat", sa.Double(), nullable=True),
        sa.Column("end_lon", sa.Double(), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=False),
        sa.Column("moving_s", sa.REAL(), nullable=False),
        sa.Column("idle_s", sa.REAL(), nullable=False),
        sa.Column("max_speed_kmh", sa.REAL(), nullable=False),
        sa.Column("point_count", sa.Integer(), nullable=False),
        sa.Column("start_odometer_m", sa.BigInteger(), nullable=True),
        sa.Column("end_odometer_m", sa.BigInteger(), nullable=True),
        sa.Column("fuel_l", sa.REAL(), nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("vehicle_id", "started_at", name=op.f("pk_telemetry_trips")),
    )
    op.create_table(
        "telemetry_stops",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("idle_s", sa.REAL(), nullable=False),
        sa.Column("point_count", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("vehicle_id", "started_at", name=op.f("pk_telemetry_stops")),
    )


def _create_following() -> None:
    op.create_table(
        "telemetry_heads",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("ts", MOMENT, nullable=True),
        sa.Column("arrived_at", MOMENT, nullable=True),
        sa.Column("point_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("silent_since", MOMENT, nullable=True),
        sa.Column("detectors", postgresql.JSONB(), nullable=False),
        sa.Column("mileage_m", sa.Double(), nullable=True),
        sa.Column("mileage_ts", MOMENT, nullable=True),
        sa.Column("mileage_method", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_telemetry_heads")),
    )
    op.create_table(
        "telemetry_checkpoints",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("ts", MOMENT, nullable=False),
        sa.Column("detectors", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "ts", name=op.f("pk_telemetry_checkpoints")),
        postgresql_partition_by="RANGE (ts)",
    )
    op.create_table(
        "telemetry_mileage_readings",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("odometer_m", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "read_at", name=op.f("pk_telemetry_mileage_readings")),
    )


def _create_events() -> None:
    op.create_table(
        "events_geofences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("circle", "polygon", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("coordinates", postgresql.JSONB(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(kind = 'circle') = (radius_m IS NOT NULL) AND (kind = 'polygon') = (coordinates IS NOT NULL)",
            name=op.f("ck_events_geofences_one_form"),
        ),
        sa.CheckConstraint("radius_m BETWEEN 10 AND 200000", name=op.f("ck_events_geofences_radius_range")),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_events_geofences_park_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_geofences")),
    )
    op.create_index(op.f("ix_events_geofences_park_id"), "events_geofences", ["park_id"])
    op.create_index(
        "uq_events_geofences_name",
        "events_geofences",
        [sa.text("coalesce(park_id, 0)"), "name"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "events_detections",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("detected_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_events_detections_ends_after_it_starts")),
        sa.PrimaryKeyConstraint("vehicle_id", "id", name=op.f("pk_events_detections")),
        sa.UniqueConstraint(
            "vehicle_id",
            "kind",
            "subject",
            "started_at",
            name=op.f("uq_events_detections_vehicle_id_kind_subject_started_at"),
        ),
    )
    op.create_index("ix_events_detections_started", "events_detections", ["started_at"])


def _refuse_changes(table: str) -> None:
    """Let PostgreSQL refuse UPDATE, DELETE and TRUNCATE of `table` (the function came with 0001)."""
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION erp_refuse_change()"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
