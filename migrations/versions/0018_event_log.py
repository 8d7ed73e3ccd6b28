"""The event log: incidents, fines, repairs, violations; whose they are, disputes, files of incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
APPEND_ONLY = (
    "events_records",
    "events_identities",
    "events_matches",
    "events_dispute_steps",
    "events_dispute_files",
    "events_incident_steps",
    "events_incident_photos",
    "events_incident_parties",
)
NEVER_DELETED = ("events_logged", "events_disputes", "events_incidents", "events_incident_costs")


def upgrade() -> None:
    """Go forward."""
    _make_log()
    _make_disputes()
    _make_incidents()
    for table in APPEND_ONLY:
        _guard(table, "append_only", "UPDATE OR DELETE OR TRUNCATE")
    for table in NEVER_DELETED:
        _guard(table, "never_deleted", "DELETE OR TRUNCATE")


def _make_log() -> None:
    op.create_table(
        "events_logged",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _words("kind", "incident", "fine", "repair", "violation"), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("happened_until", MOMENT, nullable=True),
        sa.Column("driver_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "match_state", _words("match_state", "matched", "named", "decided", "nobody", "ambiguous"), nullable=False
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=True),
        sa.Column("charge_minor", sa.BigInteger(), nullable=True),
        sa.Column("is_frozen", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("record_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(amount_minor IS NULL) = (currency IS NULL)", name=op.f("ck_events_logged_amount_has_currency")
        ),
        sa.CheckConstraint(
            "charge_minor BETWEEN 0 AND amount_minor", name=op.f("ck_events_logged_charge_within_amount")
        ),
        sa.CheckConstraint("happened_until > happened_at", name=op.f("ck_events_logged_span_in_order")),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_events_logged_driver_id")),
        sa.ForeignKeyConstraint(["key_id"], ["vault_keys.id"], name=op.f("fk_events_logged_key_id")),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_events_logged_park_id")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_events_logged_vehicle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_logged")),
    )
    op.create_index("ix_events_logged_driver", "events_logged", ["driver_id", "happened_at", "id"], unique=False)
    op.create_index("ix_events_logged_park", "events_logged", ["park_id", "happened_at", "id"], unique=False)
    op.create_index("ix_events_logged_vehicle", "events_logged", ["vehicle_id", "happened_at", "id"], unique=False)
    op.create_index(
        "ix_events_logged_waiting",
        "events_logged",
        ["happened_at"],
        unique=False,
        postgresql_where=sa.text("match_state IN ('nobody', 'ambiguous') AND withdrawn_at IS NULL"),
    )
    op.create_table(
        "events_records",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("act", _words("act", "recorded", "corrected", "withdrawn"), nullable=False),
        sa.Column(
            "reason",
            _words(
                "reason", "typing_error", "other_facts", "wrong_vehicle", "duplicate", "withdrawn_by_issuer", "dispute"
            ),
            nullable=True,
        ),
        sa.Column("told", postgresql.JSONB(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("identity_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("source", _words("source", "office", "api", "file"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(number = 1) = (act = 'recorded')", name=op.f("ck_events_records_first_is_recorded")),
        sa.CheckConstraint("(number = 1) = (reason IS NULL)", name=op.f("ck_events_records_change_has_reason")),
        sa.ForeignKeyConstraint(["event_id"], ["events_logged.id"], name=op.f("fk_events_records_event_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["events_records.id"], name=op.f("fk_events_records_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_records")),
        sa.UniqueConstraint("event_id", "number", name=op.f("uq_events_records_event_id_number")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_events_records_replaces_id")),
    )
    op.create_table(
        "events_identities",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events_logged.id"], name=op.f("fk_events_identities_event_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_events_identities")),
    )
    op.create_index(op.f("ix_events_identities_event_id"), "events_identities", ["event_id"], unique=False)
    op.create_table(
        "events_matches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("state", _words("state", "matched", "named", "decided", "nobody", "ambiguous"), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=True),
        sa.Column("assignment_id", sa.BigInteger(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["drivers_assignments.id"], name=op.f("fk_events_matches_assignment_id")
        ),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_events_matches_driver_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events_logged.id"], name=op.f("fk_events_matches_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_matches")),
    )
    op.create_index(op.f("ix_events_matches_event_id"), "events_matches", ["event_id"], unique=False)


def _make_disputes() -> None:
    op.create_table(
        "events_disputes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("ground", _words("ground", "not_me", "not_so", "amount", "paid", "other"), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            _words("state", "open", "under_review", "accepted", "partly_accepted", "rejected", "taken_back"),
            nullable=False,
        ),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by_kind", sa.Text(), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("effect", _words("effect", "charge_stands", "charge_reduced", "charge_dropped"), nullable=True),
        sa.Column("charge_minor", sa.BigInteger(), nullable=True),
        sa.Column("reasons_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('accepted', 'partly_accepted', 'rejected')) = (effect IS NOT NULL)",
            name=op.f("ck_events_disputes_decided_has_effect"),
        ),
        sa.CheckConstraint(
            "(state IN ('open', 'under_review')) = (ended_at IS NULL)", name=op.f("ck_events_disputes_open_has_no_end")
        ),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_events_disputes_driver_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events_logged.id"], name=op.f("fk_events_disputes_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_disputes")),
    )
    op.create_index(op.f("ix_events_disputes_driver_id"), "events_disputes", ["driver_id"], unique=False)
    op.create_index(op.f("ix_events_disputes_due_at"), "events_disputes", ["due_at"], unique=False)
    op.create_index(op.f("ix_events_disputes_event_id"), "events_disputes", ["event_id"], unique=False)
    op.create_index(
        "uq_events_disputes_open",
        "events_disputes",
        ["event_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'under_review')"),
    )
    op.create_table(
        "events_dispute_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dispute_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            _words("state", "open", "under_review", "accepted", "partly_accepted", "rejected", "taken_back"),
            nullable=False,
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["events_disputes.id"], name=op.f("fk_events_dispute_steps_dispute_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_dispute_steps")),
    )
    op.create_index(op.f("ix_events_dispute_steps_dispute_id"), "events_dispute_steps", ["dispute_id"], unique=False)
    op.create_table(
        "events_dispute_files",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["events_disputes.id"], name=op.f("fk_events_dispute_files_dispute_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files_files.id"], name=op.f("fk_events_dispute_files_file_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_events_dispute_files")),
    )
    op.create_index(op.f("ix_events_dispute_files_dispute_id"), "events_dispute_files", ["dispute_id"], unique=False)


def _make_incidents() -> None:
    op.create_table(
        "events_incidents",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("state", _words("state", "reported", "under_review", "decided", "closed"), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("police_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("claim_number_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events_logged.id"], name=op.f("fk_events_incidents_event_id")),
        sa.ForeignKeyConstraint(["key_id"], ["vault_keys.id"], name=op.f("fk_events_incidents_key_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events_incidents")),
    )
    op.create_table(
        "events_incident_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "act",
            _words(
                "act",
                "reported",
                "moved",
                "photo_added",
                "cost_added",
                "cost_struck",
                "shares_set",
                "party_added",
                "references_set",
            ),
            nullable=False,
        ),
        sa.Column("state", _words("state", "reported", "under_review", "decided", "closed"), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events_incidents.event_id"], name=op.f("fk_events_incident_steps_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_incident_steps")),
    )
    op.create_index(op.f("ix_events_incident_steps_event_id"), "events_incident_steps", ["event_id"], unique=False)
    op.create_table(
        "events_incident_photos",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events_incidents.event_id"], name=op.f("fk_events_incident_photos_event_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files_files.id"], name=op.f("fk_events_incident_photos_file_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_events_incident_photos")),
    )
    op.create_index(op.f("ix_events_incident_photos_event_id"), "events_incident_photos", ["event_id"], unique=False)
    op.create_table(
        "events_incident_costs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            _words("kind", "repair", "towing", "rental", "medical", "excess", "legal", "downtime", "other"),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("struck_at", MOMENT, nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_events_incident_costs_amount_positive")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events_incidents.event_id"], name=op.f("fk_events_incident_costs_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_incident_costs")),
    )
    op.create_index(op.f("ix_events_incident_costs_event_id"), "events_incident_costs", ["event_id"], unique=False)
    op.create_table(
        "events_incident_shares",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("fault_pct", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("fault_pct BETWEEN 0 AND 100", name=op.f("ck_events_incident_shares_pct_range")),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_events_incident_shares_driver_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events_incidents.event_id"], name=op.f("fk_events_incident_shares_event_id")
        ),
        sa.PrimaryKeyConstraint("event_id", "driver_id", name=op.f("pk_events_incident_shares")),
    )
    op.create_table(
        "events_incident_parties",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("told_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events_incidents.event_id"], name=op.f("fk_events_incident_parties_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events_incident_parties")),
    )
    op.create_index(op.f("ix_events_incident_parties_event_id"), "events_incident_parties", ["event_id"], unique=False)


def _guard(table: str, name: str, acts: str) -> None:
    when = f"BEFORE {acts} ON {table} FOR EACH STATEMENT"
    op.execute(f"CREATE TRIGGER {table}_{name} {when} EXECUTE FUNCTION erp_refuse_change()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
