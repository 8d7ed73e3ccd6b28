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

# Whoever changes a record raises its version, be it a verb, a page or a hand: no code can forget it.
RAISE_VERSION = """
    CREATE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.version := OLD.version + 1;
        RETURN NEW;
    END $$
"""
# What the API shows of a vehicle stands in two tables.
RAISE_VEHICLES_VERSION = """
    CREATE FUNCTION vehicles_raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE vehicles_vehicles SET version = version WHERE id = OLD.vehicle_id OR id = NEW.vehicle_id;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "idempotency_answers",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name=op.f("pk_idempotency_answers")),
    )
    op.create_index(op.f("ix_idempotency_answers_created_at"), "idempotency_answers", ["created_at"], unique=False)
    op.add_column("events_geofences", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("vehicles_vehicles", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.execute(RAISE_VERSION)
    op.execute(RAISE_VEHICLES_VERSION)
    op.execute(
        "CREATE TRIGGER raise_version BEFORE UPDATE ON events_geofences FOR EACH ROW EXECUTE FUNCTION raise_version()"
    )
    op.execute(
        "CREATE TRIGGER raise_version BEFORE UPDATE ON vehicles_vehicles FOR EACH ROW EXECUTE FUNCTION raise_version()"
    )
    op.execute(
        "CREATE TRIGGER raise_version AFTER INSERT OR UPDATE OR DELETE ON vehicles_trackers "
        "FOR EACH ROW EXECUTE FUNCTION vehicles_raise_version()"
    )
