"""Access control: approval, notices, debts, emergency codes, brakes, jurisdictions, standings, commands to devices."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = "state IN ('requested', 'notified', 'armed', 'sending', 'sent')"
MOMENT = sa.DateTime(timezone=True)
WORDS = {
    ("access_jobs", "state"): "requested notified armed sending sent confirmed failed expired cancelled",
    ("access_jobs", "reason"): (
        "safety_lockdown theft police debt contract_ended contract_violated maintenance"
        " released emergency_start payment"
    ),
    ("vehicles_trackers", "relay_gateway"): "vialon_relay teltonika_codec12 traccar_command",
}


def upgrade() -> None:
    """Go forward."""
    _widen_words()
    _widen_jobs()
    op.add_column("access_attempts", sa.Column("decision", postgresql.JSONB(), nullable=True))
    op.add_column("drivers_drivers", sa.Column("access_words", sa.Text(), nullable=True))
    op.add_column("events_geofences", sa.Column("no_lock", sa.Text(), nullable=True))
    _make_tables()
    _write_laws()
    for table in ("access_jurisdictions", "access_standing_changes"):
        _refuse_changes(table)


def _widen_words() -> None:
    for (table, column), words in WORDS.items():
        listed = ", ".join(f"'{word}'" for word in words.split())
        op.drop_constraint(op.f(f"ck_{table}_{column}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} IN ({listed})")


def _widen_jobs() -> None:
    """Approval, grace and review of orders. A lock that was open without an approval does not stay open."""
    for column in (
        sa.Column("driver_id", sa.BigInteger(), nullable=True),
        sa.Column("jurisdiction", sa.Text(), nullable=True),
        sa.Column("jurisdiction_version", sa.Integer(), nullable=True),
        sa.Column("decision", postgresql.JSONB(), nullable=True),
        sa.Column("is_break_glass", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("approved_by_kind", sa.Text(), nullable=True),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("look_at", MOMENT, nullable=True),
        sa.Column("armed_at", MOMENT, nullable=True),
        sa.Column("review_due_at", MOMENT, nullable=True),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("reviewed_at", MOMENT, nullable=True),
        sa.Column(
            "finding",
            sa.Enum("justified", "unjustified", name="finding", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("review_note", sa.Text(), nullable=True),
    ):
        op.add_column("access_jobs", column)
    op.create_foreign_key(op.f("fk_access_jobs_driver_id"), "access_jobs", "drivers_drivers", ["driver_id"], ["id"])
    op.execute("UPDATE access_jobs SET armed_at = ordered_at")
    op.execute(
        "UPDATE access_jobs SET state = 'cancelled', finished_at = now(), waiting_for = NULL, claimed_by = NULL,"
        " claimed_until = NULL, verdict = 'Cancelled by the upgrade: it had no approval by a second person.'"
        " WHERE kind = 'immobilize' AND state IN ('armed', 'sending', 'sent')"
    )
    op.drop_constraint(op.f("ck_access_jobs_verdict_has_a_time"), "access_jobs", type_="check")
    op.drop_index("uq_access_jobs_open", "access_jobs")
    op.create_index(
        "uq_access_jobs_open", "access_jobs", ["vehicle_id", "kind"], unique=True, postgresql_where=sa.text(OPEN)
    )
    op.create_index("ix_access_jobs_driver", "access_jobs", ["driver_id", "ordered_at"], unique=False)
    op.create_index(
        "ix_access_jobs_started",
        "access_jobs",
        ["started_at"],
        unique=False,
        postgresql_where=sa.text("kind = 'immobilize'"),
    )
    for name, rule in {
        "verdict_has_a_time": f"(finished_at IS NULL) = ({OPEN})",
        "break_glass_reason": "NOT is_break_glass OR reason IN ('theft', 'police')",
        "break_glass_is_reviewed": "NOT is_break_glass OR review_due_at IS NOT NULL",
        "second_person": "approved_at IS NULL OR (approved_by_kind = 'user' AND approved_by_id IS NOT NULL"
        " AND (approved_by_kind, approved_by_id) IS DISTINCT FROM (ordered_by_kind, ordered_by_id))",
        "debt_has_a_debtor": "reason <> 'debt' OR driver_id IS NOT NULL",
        "review_has_a_finding": "(reviewed_at IS NULL) = (finding IS NULL)",
    }.items():
        op.create_check_constraint(op.f(f"ck_access_jobs_{name}"), "access_jobs", rule)
    # Not asked of the orders of before, which had no approval.
    op.execute(
        "ALTER TABLE access_jobs ADD CONSTRAINT ck_access_jobs_lock_is_approved CHECK (kind = 'release' OR"
        " is_break_glass OR approved_at IS NOT NULL OR state IN ('requested', 'cancelled', 'expired')) NOT VALID"
    )


def _refuse_changes(table: str) -> None:
    """Let PostgreSQL refuse UPDATE, DELETE and TRUNCATE of `table` (erp_refuse_change: 0001)."""
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION erp_refuse_change()"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")


def _make_tables() -> None:
    op.create_table(
        "access_notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("warning", sa.SmallInteger(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("app", "email", "phone", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("told_by", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_access_notices_driver_id")),
        sa.ForeignKeyConstraint(["job_id"], ["access_jobs.id"], name=op.f("fk_access_notices_job_id")),
        # A letter is forgotten after a while; what is known of it stays.
        sa.ForeignKeyConstraint(
            ["letter_id"],
            ["identity_letters.id"],
            name=op.f("fk_access_notices_letter_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_notices")),
        sa.UniqueConstraint("job_id", "warning", "channel", name=op.f("uq_access_notices_job_id_warning_channel")),
    )
    op.create_index(op.f("ix_access_notices_driver_id"), "access_notices", ["driver_id"], unique=False)
    op.create_table(
        "access_debts",
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("owed_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column(
            "plan",
            sa.Enum("weekly", "other", name="plan", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("overdue_since", MOMENT, nullable=True),
        sa.Column("promised_until", MOMENT, nullable=True),
        sa.Column("disputed_at", MOMENT, nullable=True),
        sa.Column("consented_at", MOMENT, nullable=True),
        sa.Column("consented_device", sa.Text(), nullable=True),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(owed_minor > 0) = (overdue_since IS NOT NULL)", name=op.f("ck_access_debts_owed_has_a_beginning")
        ),
        sa.CheckConstraint("owed_minor >= 0", name=op.f("ck_access_debts_owed_not_negative")),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_access_debts_driver_id")),
        sa.PrimaryKeyConstraint("driver_id", name=op.f("pk_access_debts")),
    )
    op.create_table(
        "access_emergency_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("lock_job_id", sa.Uuid(), nullable=True),
        sa.Column("release_job_id", sa.Uuid(), nullable=True),
        sa.Column("free_until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_access_emergency_codes_driver_id")
        ),
        sa.ForeignKeyConstraint(
            ["lock_job_id"], ["access_jobs.id"], name=op.f("fk_access_emergency_codes_lock_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_job_id"], ["access_jobs.id"], name=op.f("fk_access_emergency_codes_release_job_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_emergency_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_access_emergency_codes_code_hash")),
    )
    op.create_index(op.f("ix_access_emergency_codes_driver_id"), "access_emergency_codes", ["driver_id"], unique=False)
    op.create_index(
        op.f("ix_access_emergency_codes_lock_job_id"), "access_emergency_codes", ["lock_job_id"], unique=False
    )
    op.create_table(
        "access_brakes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("hold", "breaker", name="brake_kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("put_on_by", sa.Text(), nullable=False),
        sa.Column("put_on_at", MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_access_brakes_lifted_by_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_brakes")),
    )
    op.create_index(
        "uq_access_brakes_on", "access_brakes", ["kind"], unique=True, postgresql_where=sa.text("lifted_at IS NULL")
    )
    op.create_table(
        "access_jurisdictions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_access_jurisdictions")),
    )
    op.create_table(
        "access_park_jurisdictions",
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_access_park_jurisdictions_park_id")),
        sa.PrimaryKeyConstraint("park_id", name=op.f("pk_access_park_jurisdictions")),
    )
    op.create_table(
        "access_device_commands",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.SmallInteger(), nullable=True),
        sa.Column("device_uid", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("deadline", MOMENT, nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_device_commands")),
    )
    op.create_index("ix_access_device_commands_job", "access_device_commands", ["job_id", "attempt"], unique=False)
    op.create_index(
        "ix_access_device_commands_waiting",
        "access_device_commands",
        ["deadline"],
        unique=False,
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_table(
        "access_driver_facts",
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "document",
                "rating",
                "incident",
                "manual",
                name="fact_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_access_driver_facts_driver_id")),
        sa.PrimaryKeyConstraint("driver_id", "kind", "key", name=op.f("pk_access_driver_facts")),
    )
    op.create_table(
        "access_driver_standings",
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "restricted",
                "suspended",
                "locked_out",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("judged_at", MOMENT, nullable=False),
        sa.Column("next_change_at", MOMENT, nullable=True),
        sa.Column("debt_noted_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_access_driver_standings_driver_id")
        ),
        sa.PrimaryKeyConstraint("driver_id", name=op.f("pk_access_driver_standings")),
    )
    op.create_index(
        op.f("ix_access_driver_standings_next_change_at"), "access_driver_standings", ["next_change_at"], unique=False
    )
    op.create_table(
        "access_standing_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column(
            "from_status",
            sa.Enum(
                "active",
                "restricted",
                "suspended",
                "locked_out",
                name="from_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_status",
            sa.Enum(
                "active",
                "restricted",
                "suspended",
                "locked_out",
                name="to_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_access_standing_changes_driver_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_standing_changes")),
    )
    op.create_index("ix_access_standing_changes_driver", "access_standing_changes", ["driver_id", "id"], unique=False)


# What the law asks, to start with; written anew in the console. Days and hours of the sources named beside.
_DEFAULT_DEBT = {
    "default_days_weekly": 5,
    "default_days_other": 10,
    "warnings_weekly": [{"hours_before": 72, "channels": 2}],
    "warnings_other": [{"hours_before": 72, "channels": 2}],
    "emergency_start_hours": 48,
    "emergency_starts": 2,
    "written_consent": False,
    "device_in_consent": False,
    "records_years": 3,
}
_CALIFORNIA_DEBT = {
    "default_days_weekly": 0,
    "default_days_other": 0,
    "warnings_weekly": [{"hours_before": 120, "channels": 1}, {"hours_before": 48, "channels": 1}],
    "warnings_other": [{"hours_before": 240, "channels": 1}, {"hours_before": 48, "channels": 1}],
    "emergency_start_hours": 24,
}
_NOTICES = {
    "contract_ended": [{"hours_before": 24, "channels": 1}],
    "contract_violated": [{"hours_before": 24, "channels": 1}],
}
_LAWS = (
    (
        "default",
        "Where nothing else is set",
        "A house rule: as New Jersey, where nobody has written down anything",
        {},
    ),
    ("US-NJ", "New Jersey", "N.J.S.A. 56:8-206", {}),
    ("US-CA", "California", "Civil Code 2983.37", _CALIFORNIA_DEBT),
    ("US-NV", "Nevada", "NRS 598.9715", {"written_consent": True, "device_in_consent": True}),
)


def _write_laws() -> None:
    table = sa.table(
        "access_jurisdictions",
        sa.column("code", sa.Text),
        sa.column("version", sa.Integer),
        sa.column("name", sa.Text),
        sa.column("source", sa.Text),
        sa.column("rules", postgresql.JSONB),
        sa.column("written_by", sa.Text),
        sa.column("written_at", MOMENT),
        sa.column("why", sa.Text),
    )
    op.bulk_insert(
        table,
        [
            {
                "code": code,
                "version": 1,
                "name": name,
                "source": source,
                "rules": {"debt": _DEFAULT_DEBT | debt, "notices": _NOTICES},
                "written_by": "the product",
                "written_at": datetime(2026, 11, 25, tzinfo=UTC),
                "why": "The law as it was read when access control was built. Have it checked by counsel.",
            }
            for code, name, source, debt in _LAWS
        ],
    )
