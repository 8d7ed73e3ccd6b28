"""Fields that the office defines for its vehicles, and what stands in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KINDS = ("text", "number", "date", "choice", "yes_no")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "vehicles_fields",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind", sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=32), nullable=False
        ),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("choices", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(kind = 'choice') = (cardinality(choices) > 0)", name=op.f("ck_vehicles_fields_choices_of_a_choice")
        ),
        sa.CheckConstraint("unit IS NULL OR kind = 'number'", name=op.f("ck_vehicles_fields_unit_of_a_number")),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_vehicles_fields_park_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_fields")),
    )
    op.create_index(op.f("ix_vehicles_fields_park_id"), "vehicles_fields", ["park_id"])
    op.create_index(
        "uq_vehicles_fields_name",
        "vehicles_fields",
        [sa.text("coalesce(park_id, 0)"), sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "vehicles_field_values",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("field_id", sa.BigInteger(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["field_id"], ["vehicles_fields.id"], name=op.f("fk_vehicles_field_values_field_id")),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_vehicles_field_values_vehicle_id")
        ),
        sa.PrimaryKeyConstraint("vehicle_id", "field_id", name=op.f("pk_vehicles_field_values")),
    )
    op.create_index(op.f("ix_vehicles_field_values_field_id"), "vehicles_field_values", ["field_id"])
    op.execute(
        "CREATE TRIGGER raise_version BEFORE UPDATE ON vehicles_fields FOR EACH ROW EXECUTE FUNCTION raise_version()"
    )
