"""Assignments with their history, and the weekly patterns by which shifts are made ahead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward. An assignment that ended in the moment it began counts as cancelled: it contains no moment."""
    _create_patterns()
    _widen_assignments()
    _create_history()
    _keep_the_past()


def _create_patterns() -> None:
    op.create_table(
        "drivers_shift_patterns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by_kind", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "weekdays <@ '{1,2,3,4,5,6,7}' AND cardinality(weekdays) > 0",
            name=op.f("ck_drivers_shift_patterns_weekdays_known"),
        ),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_drivers_shift_patterns_days_in_order")),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_drivers_shift_patterns_park_id")),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_drivers_shift_patterns_vehicle_id")
        ),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_shift_patterns_driver_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_shift_patterns")),
    )
    for column in ("park_id", "vehicle_id", "driver_id"):
        op.create_index(op.f(f"ix_drivers_shift_patterns_{column}"), "drivers_shift_patterns", [column])


def _widen_assignments() -> None:
    table = "drivers_assignments"
    op.add_column(table, sa.Column("cancelled_at", MOMENT, nullable=True))
    op.add_column(table, sa.Column("pattern_id", sa.BigInteger(), nullable=True))
    op.add_column(table, sa.Column("pattern_day", sa.Date(), nullable=True))
    op.add_column(table, sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.execute("UPDATE drivers_assignments SET cancelled_at = created_at WHERE isempty(during)")
    op.create_check_constraint(
        op.f("ck_drivers_assignments_empty_when_cancelled"), table, "isempty(during) = (cancelled_at IS NOT NULL)"
    )
    op.create_foreign_key(
        op.f("fk_drivers_assignments_pattern_id"), table, "drivers_shift_patterns", ["pattern_id"], ["id"]
    )
    op.create_unique_constraint(
        op.f("uq_drivers_assignments_pattern_id_pattern_day"), table, ["pattern_id", "pattern_day"]
    )
    for whose in ("vehicle", "driver"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ex_drivers_assignments_{whose}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ex_drivers_assignments_{whose} EXCLUDE USING gist "
            f"(int8range({whose}_id, {whose}_id, '[]') WITH &&, during WITH &&) DEFERRABLE INITIALLY IMMEDIATE"
        )


def _create_history() -> None:
    op.create_table(
        "drivers_assignment_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("act", _words("act", "made", "changed", "swapped", "ended", "cancelled"), nullable=False),
        sa.Column(
            "reason",
            _words(
                "reason",
                "plan_changed",
                "driver_asked",
                "driver_absent",
                "vehicle_not_available",
                "handed_back",
                "mistake",
            ),
            nullable=True,
        ),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["drivers_assignments.id"], name=op.f("fk_drivers_assignment_changes_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_drivers_assignment_changes_vehicle_id")
        ),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_assignment_changes_driver_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_assignment_changes")),
    )
    op.create_index(
        op.f("ix_drivers_assignment_changes_assignment_id"), "drivers_assignment_changes", ["assignment_id"]
    )
    op.create_table(
        "drivers_shift_days",
        sa.Column("pattern_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", _words("outcome", "made", "skipped", "refused"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("in_the_way_id", sa.BigInteger(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["pattern_id"], ["drivers_shift_patterns.id"], name=op.f("fk_drivers_shift_days_pattern_id")
        ),
        sa.ForeignKeyConstraint(
            ["in_the_way_id"], ["drivers_assignments.id"], name=op.f("fk_drivers_shift_days_in_the_way_id")
        ),
        sa.PrimaryKeyConstraint("pattern_id", "day", name=op.f("pk_drivers_shift_days")),
    )


def _keep_the_past() -> None:
    """What was is never changed: PostgreSQL itself refuses it, whoever asks."""
    op.execute(
        "CREATE TRIGGER drivers_assignment_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON drivers_assignment_changes FOR EACH STATEMENT EXECUTE FUNCTION erp_refuse_change()"
    )
    op.execute("ALTER TABLE drivers_assignment_changes ENABLE ALWAYS TRIGGER drivers_assignment_changes_append_only")
    op.execute("""
        CREATE FUNCTION drivers_keep_the_past() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'an assignment is never deleted' USING ERRCODE = 'insufficient_privilege';
            END IF;
            IF OLD.cancelled_at IS NOT NULL OR upper(OLD.during) < now() THEN
                RAISE EXCEPTION 'assignment % is over: what was is never changed', OLD.id
                    USING ERRCODE = 'insufficient_privilege', HINT = 'Make a new assignment instead.';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER drivers_assignments_keep_the_past BEFORE UPDATE OR DELETE ON drivers_assignments "
        "FOR EACH ROW EXECUTE FUNCTION drivers_keep_the_past()"
    )
    op.execute("ALTER TABLE drivers_assignments ENABLE ALWAYS TRIGGER drivers_assignments_keep_the_past")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
