"""The inbox: what wants a person, what became of it, and the letters it asks for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_STATES = ("open", "acknowledged", "snoozed", "closed")
_ACTS = (
    "opened",
    "reopened",
    "louder",
    "acknowledged",
    "assigned",
    "unassigned",
    "snoozed",
    "woken",
    "escalated",
    "told",
    "closed",
)


def upgrade() -> None:
    """Go forward."""
    _create_items()
    _create_steps()
    _create_tellings()


def _create_items() -> None:
    table = "inbox_items"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("park_id", sa.BigInteger(), nullable=True),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("driver_id", sa.BigInteger(), nullable=True),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("happened_at", MOMENT, nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("state", _words("state", *_STATES), nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("open_since", MOMENT, nullable=False),
        sa.Column("escalated_at", MOMENT, nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("assigned_to", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_why", _words("closed_why", "gone", "done", "no_problem", "elsewhere"), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("severity BETWEEN 1 AND 3", name=op.f("ck_inbox_items_severity_range")),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_inbox_items_closed_has_a_time")
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_why IS NULL)", name=op.f("ck_inbox_items_closed_has_a_reason")
        ),
        sa.CheckConstraint(
            "(state = 'snoozed') = (snoozed_until IS NOT NULL)", name=op.f("ck_inbox_items_snoozed_has_an_end")
        ),
        sa.ForeignKeyConstraint(["park_id"], ["vehicles_parks.id"], name=op.f("fk_inbox_items_park_id_vehicles_parks")),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles_vehicles.id"], name=op.f("fk_inbox_items_vehicle_id_vehicles_vehicles")
        ),
        sa.ForeignKeyConstraint(
            ["driver_id"], ["drivers_drivers.id"], name=op.f("fk_inbox_items_driver_id_drivers_drivers")
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to"], ["identity_users.id"], name=op.f("fk_inbox_items_assigned_to_identity_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_items")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_inbox_items_kind_key")),
    )
    left = sa.text("state <> 'closed'")
    op.create_index("ix_inbox_items_left", table, ["park_id", "kind"], postgresql_where=left)
    op.create_index("ix_inbox_items_assigned", table, ["assigned_to"], postgresql_where=left)
    op.create_index("ix_inbox_items_closed", table, ["closed_at"], postgresql_where=sa.text("state = 'closed'"))
    op.create_index("ix_inbox_items_driver", table, ["driver_id"])
    op.create_index("ix_inbox_items_vehicle", table, ["vehicle_id"])


def _create_steps() -> None:
    op.create_table(
        "inbox_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("act", _words("act", *_ACTS), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["inbox_items.id"], name=op.f("fk_inbox_steps_item_id_inbox_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_steps")),
    )
    op.create_index(op.f("ix_inbox_steps_item_id"), "inbox_steps", ["item_id"])
    # erp_refuse_change came with 0001.
    op.execute(
        "CREATE TRIGGER inbox_steps_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inbox_steps "
        "FOR EACH STATEMENT EXECUTE FUNCTION erp_refuse_change()"
    )
    op.execute("ALTER TABLE inbox_steps ENABLE ALWAYS TRIGGER inbox_steps_append_only")


def _create_tellings() -> None:
    op.create_table(
        "inbox_tellings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("audience", _words("audience", "driver", "office", "admins"), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("letters", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["inbox_items.id"], name=op.f("fk_inbox_tellings_item_id_inbox_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_tellings")),
        sa.UniqueConstraint(
            "item_id",
            "round",
            "occasion",
            "audience",
            name=op.f("uq_inbox_tellings_item_id_round_occasion_audience"),
        ),
    )
    op.create_index(
        "ix_inbox_tellings_due", "inbox_tellings", ["due_at"], postgresql_where=sa.text("settled_at IS NULL")
    )


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
