"""What the API needs for its manners: kept answers, versions of records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "idempotency_answers",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name=op.f("pk_idempotency_answers")),
    )
    op.create_index(op.f("ix_idempotency_answers_created_at"), "idempotency_answers", ["created_at"], unique=False)
    op.add_column("events_geofences", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("vehicles_vehicles", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
