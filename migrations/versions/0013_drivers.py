"""Drivers: how far each has come, who they are, their documents, and how parks take them in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STAGES = ("applied", "verifying", "active", "left", "refused")
REASONS = (
    "applied",
    "registered",
    "imported",
    "taken_up",
    "verified",
    "reconsidered",
    "came_back",
    "no_licence",
    "under_age",
    "papers_wrong",
    "papers_late",
    "background",
    "insurer_declined",
    "no_vehicle",
    "withdrew",
    "resigned",
    "dismissed",
    "moved",
    "other",
)
KINDS = ("licence", "insurance", "identity", "work_permit", "background_check", "medical", "permit", "other")
STATES = ("draft", "handed_in", "accepted", "refused")
REFUSALS = (
    "unreadable",
    "incomplete",
    "wrong_document",
    "wrong_person",
    "expired",
    "data_differ",
    "not_original",
    "other",
)


def upgrade() -> None:
    """Go forward. Who was there before drives already."""
    op.add_column(
        "drivers_drivers", sa.Column("stage", _words("stage", STAGES), server_default="active", nullable=False)
    )
    op.add_column("drivers_drivers", sa.Column("stage_since", MOMENT, server_default=sa.func.now(), nullable=False))
    op.add_column("drivers_drivers", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.execute("UPDATE drivers_drivers SET stage_since = created_at")
    op.create_index(op.f("ix_drivers_drivers_stage"), "drivers_drivers", ["stage"], unique=False)
    _create_people()
    _create_documents()
    _create_admissions()
    for table in ("drivers_drivers", "drivers_documents", "drivers_admissions"):
        op.execute(
            f"CREATE TRIGGER raise_version BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION raise_version()"
        )
    for table in ("drivers_stage_changes", "drivers_profile_changes"):
        _refuse_changes(table)


def _words(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _create_people() -> None:
    op.create_table(
        "drivers_stage_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("from_stage", _words("from_stage", STAGES), nullable=True),
        sa.Column("to_stage", _words("to_stage", STAGES), nullable=False),
        sa.Column("reason", _words("reason", REASONS), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_stage_changes_driver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_stage_changes")),
    )
    op.create_index("ix_drivers_stage_changes_driver", "drivers_stage_changes", ["driver_id", "id"], unique=False)
    op.create_table(
        "drivers_profiles",
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("birth_date_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("licence_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("licence_blind", sa.LargeBinary(), nullable=True),
        sa.Column("licence_country", sa.Text(), nullable=True),
        sa.Column("licence_region", sa.Text(), nullable=True),
        sa.Column("licence_categories", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("licence_valid_until", sa.Date(), nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_profiles_driver_id")),
        sa.PrimaryKeyConstraint("driver_id", name=op.f("pk_drivers_profiles")),
        sa.UniqueConstraint("licence_blind", name=op.f("uq_drivers_profiles_licence_blind")),
    )
    op.create_index(
        op.f("ix_drivers_profiles_licence_valid_until"), "drivers_profiles", ["licence_valid_until"], unique=False
    )
    op.create_table(
        "drivers_profile_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_profile_changes_driver_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_profile_changes")),
    )
    op.create_index("ix_drivers_profile_changes_driver", "drivers_profile_changes", ["driver_id", "id"], unique=False)


def _create_documents() -> None:
    op.create_table(
        "drivers_documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _words("kind", KINDS), nullable=False),
        sa.Column("state", _words("state", STATES), nullable=False),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("handed_in_at", MOMENT, nullable=True),
        sa.Column("handed_in_by_kind", sa.Text(), nullable=False),
        sa.Column("handed_in_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by_kind", sa.Text(), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("refusal_reason", _words("refusal_reason", REFUSALS), nullable=True),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("replaced_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(state IN ('accepted', 'refused')) = (decided_at IS NOT NULL)",
            name=op.f("ck_drivers_documents_decided"),
        ),
        sa.CheckConstraint(
            "(state = 'refused') = (refusal_reason IS NOT NULL)",
            name=op.f("ck_drivers_documents_refused_with_reason"),
        ),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_documents_driver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_documents")),
    )
    op.create_index(
        "uq_drivers_documents_current",
        "drivers_documents",
        ["driver_id", "kind", "state"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL AND state <> 'refused' AND kind <> 'other'"),
    )
    op.create_index("ix_drivers_documents_driver", "drivers_documents", ["driver_id", "id"], unique=False)
    op.create_index(
        "ix_drivers_documents_waiting",
        "drivers_documents",
        ["handed_in_at"],
        unique=False,
        postgresql_where=sa.text("state = 'handed_in' AND replaced_at IS NULL"),
    )
    op.create_index(
        "ix_drivers_documents_expiry",
        "drivers_documents",
        ["valid_until"],
        unique=False,
        postgresql_where=sa.text("state = 'accepted' AND replaced_at IS NULL"),
    )
    op.create_table(
        "drivers_document_pages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("upload_key", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["drivers_documents.id"], name=op.f("fk_drivers_document_pages_document_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["files_files.id"], name=op.f("fk_drivers_document_pages_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers_document_pages")),
        sa.UniqueConstraint("document_id", "position", name=op.f("uq_drivers_document_pages_document_id_position")),
        sa.UniqueConstraint("document_id", "upload_key", name=op.f("uq_drivers_document_pages_document_id_upload_key")),
        sa.UniqueConstraint("file_id", name=op.f("uq_drivers_document_pages_file_id")),
    )


def _create_admissions() -> None:
    op.create_table(
        "drivers_admissions",
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.Column("required_kinds", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("least_age_years", sa.SmallInteger(), server_default="18", nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_drivers_admissions_park_id")),
        sa.PrimaryKeyConstraint("park_id", name=op.f("pk_drivers_admissions")),
        sa.UniqueConstraint("link", name=op.f("uq_drivers_admissions_link")),
    )
    op.create_table(
        "drivers_applications",
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("applied_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["driver_id"], ["drivers_drivers.id"], name=op.f("fk_drivers_applications_driver_id")),
        sa.PrimaryKeyConstraint("driver_id", name=op.f("pk_drivers_applications")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_drivers_applications_secret_hash")),
    )


def _refuse_changes(table: str) -> None:
    """Let PostgreSQL refuse whoever would change or delete a row of an append-only table."""
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION erp_refuse_change()"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
