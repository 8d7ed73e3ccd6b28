"""The first walk: people, vehicles, telemetry, orders to vehicles, facts and the audit table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from huey.storage import PostgresStorage
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("CREATE SEQUENCE outbox_facts_id_seq")
    op.execute("CREATE SEQUENCE telemetry_refusals_id_seq")
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(op.f("ix_audit_entries_at"), "audit_entries", ["at"], unique=False)
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject_kind", "subject_id", "id"], unique=False)
    op.create_table(
        "health_beats",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lag_ms", sa.Double(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_health_beats")),
    )
    op.create_table(
        "identity_api_clients",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("park_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_api_clients")),
        sa.UniqueConstraint("client_id", name=op.f("uq_identity_api_clients_client_id")),
    )
    op.create_table(
        "identity_signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_identity_signing_keys")),
    )
    op.create_table(
        "identity_users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("session_key", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("all_parks", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "email = lower(email) AND position('@' IN email) > 1", name=op.f("ck_identity_users_email_normal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_users")),
        sa.UniqueConstraint("email", name=op.f("uq_identity_users_email")),
    )
    op.create_table(
        "outbox_cursors",
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("txid", sa.BigInteger(), nullable=False),
        sa.Column("fact_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reader", name=op.f("pk_outbox_cursors")),
    )
    op.create_table(
        "outbox_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("fact_id", sa.BigInteger(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_deliveries")),
        sa.UniqueConstraint("fact_id", "job", name=op.f("uq_outbox_deliveries_fact_id_job")),
    )
    op.create_index(
        "ix_outbox_deliveries_open",
        "outbox_deliveries",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "outbox_facts",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('outbox_facts_id_seq')"), nullable=False),
        sa.Column(
            "txid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_outbox_facts")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_outbox_facts_place", "outbox_facts", ["txid", "id"], unique=False)
    op.create_table(
        "telemetry_points",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("altitude_m", sa.REAL(), nullable=True),
        sa.Column("speed_kmh", sa.REAL(), nullable=True),
        sa.Column("course_deg", sa.REAL(), nullable=True),
        sa.Column("satellites", sa.SmallInteger(), nullable=True),
        sa.Column("hdop", sa.REAL(), nullable=True),
        sa.Column("ignition", sa.Boolean(), nullable=True),
        sa.Column("odometer_m", sa.BigInteger(), nullable=True),
        sa.Column("fuel_pct", sa.REAL(), nullable=True),
        sa.Column("fuel_rate_lph", sa.REAL(), nullable=True),
        sa.Column("rpm", sa.REAL(), nullable=True),
        sa.Column("engine_temp_c", sa.REAL(), nullable=True),
        sa.Column("voltage_v", sa.REAL(), nullable=True),
        sa.Column("dtc", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("outputs", sa.Integer(), nullable=True),
        sa.Column("relay_on", sa.Boolean(), nullable=True),
        sa.Column("driver_key", sa.Text(), nullable=True),
        sa.Column("extra", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("vehicle_id", "ts", name=op.f("pk_telemetry_points")),
        postgresql_partition_by="RANGE (ts)",
    )
    op.create_table(
        "telemetry_refusals",
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text("nextval('telemetry_refusals_id_seq')"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("device_uid", sa.Text(), nullable=True),
        sa.Column("ts", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("received_at", "id", name=op.f("pk_telemetry_refusals")),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_index("ix_telemetry_refusals_vehicle", "telemetry_refusals", ["vehicle_id", "received_at"], unique=False)
    op.create_table(
        "telemetry_states",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("ts", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("altitude_m", sa.REAL(), nullable=True),
        sa.Column("speed_kmh", sa.REAL(), nullable=True),
        sa.Column("course_deg", sa.REAL(), nullable=True),
        sa.Column("satellites", sa.SmallInteger(), nullable=True),
        sa.Column("hdop", sa.REAL(), nullable=True),
        sa.Column("ignition", sa.Boolean(), nullable=True),
        sa.Column("odometer_m", sa.BigInteger(), nullable=True),
        sa.Column("fuel_pct", sa.REAL(), nullable=True),
        sa.Column("fuel_rate_lph", sa.REAL(), nullable=True),
        sa.Column("rpm", sa.REAL(), nullable=True),
        sa.Column("engine_temp_c", sa.REAL(), nullable=True),
        sa.Column("voltage_v", sa.REAL(), nullable=True),
        sa.Column("dtc", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("outputs", sa.Integer(), nullable=True),
        sa.Column("relay_on", sa.Boolean(), nullable=True),
        sa.Column("driver_key", sa.Text(), nullable=True),
        sa.Column("extra", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("fix_ts", sa.DateTime(timezone=True), nullable=True),
        sa.Column("relay_ts", sa.DateTime(timezone=True), nullable=True),
        sa.Column("relay_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("standing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("stored_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("duplicate_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refused_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "received_count = stored_count + duplicate_count + refused_count",
            name=op.f("ck_telemetry_states_every_point_accounted_for"),
        ),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_telemetry_states")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "vehicles_parks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_parks")),
        sa.UniqueConstraint("name", name=op.f("uq_vehicles_parks_name")),
    )
    op.create_table(
        "drivers_drivers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column(
            "access_status",
            sa.Enum(
                "active",
                "restricted",
                "suspended",
                "locked_out",
                name="access_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="active",
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_drivers_drivers_park_id")),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_drivers_drivers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_drivers")),
        sa.UniqueConstraint("phone", name=op.f("uq_drivers_drivers_phone")),
        sa.UniqueConstraint("user_id", name=op.f("uq_drivers_drivers_user_id")),
    )
    op.create_index(op.f("ix_drivers_drivers_park_id"), "drivers_drivers", ["park_id"], unique=False)
    op.create_table(
        "identity_user_grants",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_user_grants_user_id")),
        sa.PrimaryKeyConstraint("user_id", "permission", name=op.f("pk_identity_user_grants")),
    )
    op.create_table(
        "identity_user_parks",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_identity_user_parks_park_id")),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_user_parks_user_id")),
        sa.PrimaryKeyConstraint("user_id", "park_id", name=op.f("pk_identity_user_parks")),
    )
    op.create_table(
        "identity_user_roles",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_user_roles_user_id")),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_identity_user_roles")),
    )
    op.create_table(
        "vehicles_vehicles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.Column("vin", sa.Text(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("make", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=True),
        sa.Column(
            "powertrain",
            sa.Enum(
                "ice",
                "hybrid",
                "electric",
                name="powertrain",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "onboarding",
                "available",
                "rented",
                "in_repair",
                "blocked",
                "written_off",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("vin ~ '^[A-HJ-NPR-Z0-9]{17}$'", name=op.f("ck_vehicles_vehicles_vin_form")),
        sa.CheckConstraint("year BETWEEN 1950 AND 2100", name=op.f("ck_vehicles_vehicles_year_range")),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_vehicles_vehicles_park_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_vehicles")),
        sa.UniqueConstraint("plate", name=op.f("uq_vehicles_vehicles_plate")),
        sa.UniqueConstraint("vin", name=op.f("uq_vehicles_vehicles_vin")),
    )
    op.create_index(op.f("ix_vehicles_vehicles_park_id"), "vehicles_vehicles", ["park_id"], unique=False)
    op.create_table(
        "access_jobs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("immobilize", "release", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "safety_lockdown",
                "theft",
                "police",
                "contract_ended",
                "contract_violated",
                "maintenance",
                "released",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("ordered_by_kind", sa.Text(), nullable=False),
        sa.Column("ordered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "armed",
                "sending",
                "sent",
                "confirmed",
                "failed",
                "expired",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quiet_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('armed', 'sending', 'sent'))",
            name=op.f("ck_access_jobs_verdict_has_a_time"),
        ),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_access_jobs_vehicle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_jobs")),
    )
    op.create_index("ix_access_jobs_vehicle", "access_jobs", ["vehicle_id", "ordered_at"], unique=False)
    op.create_index(
        "uq_access_jobs_open",
        "access_jobs",
        ["vehicle_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('armed', 'sending', 'sent')"),
    )
    op.create_table(
        "drivers_assignments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "shift",
                "rental",
                "buy_out",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(driver_id, driver_id, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_drivers_assignments_driver",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(vehicle_id, vehicle_id, '[]')"), "&&"),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_drivers_assignments_vehicle",
        ),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_assignments_driver_id")),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_drivers_assignments_vehicle_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_assignments")),
    )
    op.create_index(op.f("ix_drivers_assignments_driver_id"), "drivers_assignments", ["driver_id"], unique=False)
    op.create_index(op.f("ix_drivers_assignments_vehicle_id"), "drivers_assignments", ["vehicle_id"], unique=False)
    op.create_table(
        "investors_holdings",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("share_ppm", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name=op.f("ck_investors_holdings_share_range")),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_investors_holdings_user_id")),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_investors_holdings_vehicle_id")
        ),
        sa.PrimaryKeyConstraint("user_id", "vehicle_id", name=op.f("pk_investors_holdings")),
    )
    op.create_index(op.f("ix_investors_holdings_vehicle_id"), "investors_holdings", ["vehicle_id"], unique=False)
    op.create_table(
        "vehicles_status_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "onboarding",
                "available",
                "rented",
                "in_repair",
                "blocked",
                "written_off",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_vehicles_status_changes_vehicle_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_status_changes")),
    )
    op.create_index(
        op.f("ix_vehicles_status_changes_vehicle_id"), "vehicles_status_changes", ["vehicle_id"], unique=False
    )
    op.create_table(
        "vehicles_trackers",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("device_uid", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=True),
        sa.Column(
            "relay_gateway",
            sa.Enum("vialon_relay", name="relay_gateway", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("relay_output", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("relay_inverted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("relay_output BETWEEN 1 AND 16", name=op.f("ck_vehicles_trackers_relay_output_range")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_vehicles_trackers_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_vehicles_trackers")),
        sa.UniqueConstraint("device_uid", name=op.f("uq_vehicles_trackers_device_uid")),
    )
    op.create_table(
        "access_attempts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ttl_s", sa.SmallInteger(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "refused",
                "unknown",
                "never_arrived",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["access_jobs.id"], name=op.f("fk_access_attempts_job_id")),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_access_attempts")),
    )
    _refuse_changes("audit_entries")
    _refuse_changes("vehicles_status_changes")
    _create_queue()


def _refuse_changes(table: str) -> None:
    """Let PostgreSQL refuse UPDATE, DELETE and TRUNCATE of `table`."""
    op.execute("""
        CREATE OR REPLACE FUNCTION erp_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'insufficient_privilege', HINT = 'Write a new entry instead.';
        END $$
    """)
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION erp_refuse_change()"
    )
    # Also under session_replication_role = replica, by which a restore or a careless superuser skips triggers.
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")


def _create_queue() -> None:
    """The queue's tables, as the library makes them: made here so that no process needs the right to."""
    for statement in PostgresStorage(create_tables=False).ddl:
        op.execute(statement)
