"""Views of lists that people save, for themselves or for all who have the page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "identity_saved_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_users.id"], name=op.f("fk_identity_saved_views_user_id_identity_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_saved_views")),
        sa.UniqueConstraint("user_id", "page", "name", name=op.f("uq_identity_saved_views_user_id_page_name")),
    )
    op.create_index(op.f("ix_identity_saved_views_page"), "identity_saved_views", ["page"], unique=False)
