"""Webhooks: endpoints, their secrets, messages and attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_FIRST = sa.text("state = 'waiting' AND next_at IS NOT NULL")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "webhooks_endpoints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("park_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("rights", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("read_epoch", sa.Text(), nullable=False),
        sa.Column("read_txid", sa.BigInteger(), nullable=False),
        sa.Column("read_id", sa.BigInteger(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("missed_at", MOMENT, nullable=True),
        sa.Column("last_success_at", MOMENT, nullable=True),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("held_until", MOMENT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("disabled_by", sa.Text(), nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["identity_api_clients.client_id"], name=op.f("fk_webhooks_endpoints_client_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_endpoints")),
    )
    op.create_index(op.f("ix_webhooks_endpoints_client_id"), "webhooks_endpoints", ["client_id"], unique=False)
    op.create_table(
        "webhooks_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("public_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("fact_txid", sa.BigInteger(), nullable=True),
        sa.Column("fact_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "delivered",
                "dead",
                name="message_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_try_at", MOMENT, nullable=True),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhooks_endpoints.id"], name=op.f("fk_webhooks_messages_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_messages")),
        sa.UniqueConstraint(
            "endpoint_id",
            "fact_txid",
            "fact_id",
            "subject",
            name=op.f("uq_webhooks_messages_endpoint_id_fact_txid_fact_id_subject"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhooks_messages_public_id")),
    )
    op.create_index(op.f("ix_webhooks_messages_created_at"), "webhooks_messages", ["created_at"], unique=False)
    op.create_index(
        "ix_webhooks_messages_due",
        "webhooks_messages",
        ["next_at"],
        unique=False,
        postgresql_where=IS_FIRST,
    )
    op.create_index(
        "ix_webhooks_messages_first",
        "webhooks_messages",
        ["endpoint_id", "subject"],
        unique=False,
        postgresql_where=IS_FIRST,
    )
    op.create_index("ix_webhooks_messages_listed", "webhooks_messages", ["endpoint_id", "state", "id"], unique=False)
    op.create_index(
        "ix_webhooks_messages_open",
        "webhooks_messages",
        ["endpoint_id", "subject", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "webhooks_secrets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhooks_endpoints.id"], name=op.f("fk_webhooks_secrets_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_secrets")),
    )
    op.create_index(op.f("ix_webhooks_secrets_endpoint_id"), "webhooks_secrets", ["endpoint_id"], unique=False)
    op.create_table(
        "webhooks_attempts",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhooks_messages.id"],
            name=op.f("fk_webhooks_attempts_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "number", name=op.f("pk_webhooks_attempts")),
    )
