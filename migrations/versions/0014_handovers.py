"""Handovers: inspections of vehicles at their taking and giving back, signed by both sides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    _create_handovers()
    _keep_what_was_signed()


def _create_handovers() -> None:
    op.create_table(
        "drivers_handovers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _words("kind", "taking", "returning"), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("begun_by_kind", sa.Text(), nullable=False),
        sa.Column("begun_by_id", sa.BigInteger(), nullable=True),
        sa.Column("odometer_m", sa.BigInteger(), nullable=True),
        sa.Column("fuel_pct", sa.SmallInteger(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("note_blind", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", MOMENT, nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("odometer_m >= 0", name=op.f("ck_drivers_handovers_odometer_positive")),
        sa.CheckConstraint("fuel_pct BETWEEN 0 AND 100", name=op.f("ck_drivers_handovers_fuel_range")),
        sa.CheckConstraint(
            "(signed_at IS NULL) = (content_hash IS NULL)", name=op.f("ck_drivers_handovers_signed_has_hash")
        ),
        _key("drivers_handovers", "assignment_id", "drivers_assignments"),
        _key("drivers_handovers", "vehicle_id", "vehicles_vehicles"),
        _key("drivers_handovers", "driver_id", "drivers_drivers"),
        _key("drivers_handovers", "key_id", "vault_keys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_handovers")),
        sa.UniqueConstraint("assignment_id", "kind", name=op.f("uq_drivers_handovers_assignment_id_kind")),
    )
    op.create_index(op.f("ix_drivers_handovers_vehicle_id"), "drivers_handovers", ["vehicle_id"])
    op.create_index(op.f("ix_drivers_handovers_driver_id"), "drivers_handovers", ["driver_id"])
    op.create_table(
        "drivers_handover_photos",
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("view", _words("view", "front", "left", "rear", "right", "dashboard"), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _key("drivers_handover_photos", "handover_id", "drivers_handovers"),
        _key("drivers_handover_photos", "file_id", "files_files"),
        sa.PrimaryKeyConstraint("handover_id", "view", name=op.f("pk_drivers_handover_photos")),
    )
    op.create_table(
        "drivers_damages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("x", sa.SmallInteger(), nullable=False),
        sa.Column("y", sa.SmallInteger(), nullable=False),
        sa.Column(
            "kind", _words("kind", "scratch", "dent", "crack", "chip", "tear", "missing", "dirt"), nullable=False
        ),
        sa.Column("severity", _words("severity", "minor", "moderate", "severe"), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("mended_at", MOMENT, nullable=True),
        sa.Column("mended_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("x BETWEEN 0 AND 1000 AND y BETWEEN 0 AND 1000", name=op.f("ck_drivers_damages_on_the_map")),
        _key("drivers_damages", "vehicle_id", "vehicles_vehicles"),
        _key("drivers_damages", "handover_id", "drivers_handovers"),
        _key("drivers_damages", "file_id", "files_files"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_damages")),
    )
    op.create_index(op.f("ix_drivers_damages_handover_id"), "drivers_damages", ["handover_id"])
    op.create_index(
        "ix_drivers_damages_open", "drivers_damages", ["vehicle_id"], postgresql_where=sa.text("mended_at IS NULL")
    )
    op.create_table(
        "drivers_handover_signatures",
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("party", _words("party", "driver", "office"), nullable=False),
        sa.Column("signer_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("strokes_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        _key("drivers_handover_signatures", "handover_id", "drivers_handovers"),
        _key("drivers_handover_signatures", "signer_id", "identity_users"),
        sa.PrimaryKeyConstraint("handover_id", "party", name=op.f("pk_drivers_handover_signatures")),
    )


def _keep_what_was_signed() -> None:
    """What both have signed is never changed. Only what is personal may be emptied, and damage noted as mended."""
    op.execute("""
        CREATE FUNCTION drivers_keep_what_was_signed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            of_id bigint;
            personal text[] := ARRAY['note_sealed', 'strokes_sealed', 'mended_at', 'mended_by_id'];
        BEGIN
            IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal
                AND COALESCE(to_jsonb(NEW)->>'note_sealed', to_jsonb(NEW)->>'strokes_sealed') IS NULL THEN
                RETURN NEW;
            END IF;
            of_id := CASE WHEN TG_OP = 'INSERT' THEN to_jsonb(NEW)->>TG_ARGV[0] ELSE to_jsonb(OLD)->>TG_ARGV[0] END;
            IF EXISTS (SELECT FROM drivers_handovers WHERE id = of_id AND signed_at IS NOT NULL) THEN
                RAISE EXCEPTION 'handover % is signed: what was signed is never changed', of_id
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        END $$
    """)
    for table, column, acts in (
        ("drivers_handovers", "id", "UPDATE OR DELETE"),
        ("drivers_handover_photos", "handover_id", "INSERT OR UPDATE OR DELETE"),
        ("drivers_damages", "handover_id", "INSERT OR UPDATE OR DELETE"),
        ("drivers_handover_signatures", "handover_id", "INSERT OR UPDATE OR DELETE"),
    ):
        trigger = f"{table}_keep_what_was_signed"
        op.execute(
            f"CREATE TRIGGER {trigger} BEFORE {acts} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION drivers_keep_what_was_signed('{column}')"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
