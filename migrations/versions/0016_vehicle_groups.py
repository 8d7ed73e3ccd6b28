"""Groups of vehicles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "vehicles_groups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["park_id"], ["vehicles_parks.id"], name=op.f("fk_vehicles_groups_park_id_vehicles_parks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_groups")),
    )
    op.create_index("uq_vehicles_groups_name", "vehicles_groups", ["park_id", sa.text("lower(name)")], unique=True)
    op.create_table(
        "vehicles_group_members",
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["vehicles_groups.id"], name=op.f("fk_vehicles_group_members_group_id_vehicles_groups")
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"],
            ["vehicles_vehicles.id"],
            name=op.f("fk_vehicles_group_members_vehicle_id_vehicles_vehicles"),
        ),
        sa.PrimaryKeyConstraint("vehicle_id", "group_id", name=op.f("pk_vehicles_group_members")),
    )
    op.create_index(op.f("ix_vehicles_group_members_group_id"), "vehicles_group_members", ["group_id"], unique=False)
