"""Documents and photos of vehicles, and the key that their files are sealed under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KINDS = ("registration", "insurance", "inspection", "permit", "ownership", "other")


def upgrade() -> None:
    """Go forward."""
    op.add_column("vehicles_vehicles", sa.Column("key_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_vehicles_vehicles_key_id_vault_keys"), "vehicles_vehicles", "vault_keys", ["key_id"], ["id"]
    )
    op.create_table(
        "vehicles_documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_vehicles_documents_kind")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_vehicles_documents_validity_in_order")),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_vehicles_documents_vehicle_id_vehicles_vehicles")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_documents")),
    )
    op.create_index(
        "ix_vehicles_documents_current", "vehicles_documents", ["vehicle_id", "kind", sa.text("id DESC")], unique=False
    )
    op.create_table(
        "vehicles_document_pages",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["vehicles_documents.id"],
            name=op.f("fk_vehicles_document_pages_document_id_vehicles_documents"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files_files.id"], name=op.f("fk_vehicles_document_pages_file_id_files_files")
        ),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_vehicles_document_pages")),
        sa.UniqueConstraint("file_id", name=op.f("uq_vehicles_document_pages_file_id")),
    )
    op.create_table(
        "vehicles_photos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["files_files.id"], name=op.f("fk_vehicles_photos_file_id_files_files")),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_vehicles_photos_vehicle_id_vehicles_vehicles")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_photos")),
        sa.UniqueConstraint("file_id", name=op.f("uq_vehicles_photos_file_id")),
    )
    op.create_index(op.f("ix_vehicles_photos_vehicle_id"), "vehicles_photos", ["vehicle_id"], unique=False)
