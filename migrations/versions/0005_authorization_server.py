"""The authorization server: apps, consent, codes, refresh tokens, revocation, keys that overlap."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "identity_revocations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "token",
                "authorization",
                "client",
                "user",
                name="revoked_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("up_to", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column(
            "txid", sa.BigInteger(), server_default=sa.text("(pg_current_xact_id()::text)::bigint"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_revocations")),
    )
    op.create_index(op.f("ix_identity_revocations_txid"), "identity_revocations", ["txid"], unique=False)
    op.create_index(op.f("ix_identity_revocations_expires_at"), "identity_revocations", ["expires_at"], unique=False)
    op.create_table(
        "identity_authorizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("auth_time", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["identity_api_clients.id"], name=op.f("fk_identity_authorizations_client_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_authorizations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_authorizations")),
    )
    op.create_index(
        op.f("ix_identity_authorizations_client_id"), "identity_authorizations", ["client_id"], unique=False
    )
    op.create_index(op.f("ix_identity_authorizations_user_id"), "identity_authorizations", ["user_id"], unique=False)
    op.create_table(
        "identity_consents",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["identity_api_clients.id"], name=op.f("fk_identity_consents_client_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_consents_user_id")),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_identity_consents")),
    )
    op.create_table(
        "identity_authorization_codes",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Uuid(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["identity_authorizations.id"],
            name=op.f("fk_identity_authorization_codes_authorization_id"),
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_identity_authorization_codes")),
    )
    op.create_index(
        op.f("ix_identity_authorization_codes_authorization_id"),
        "identity_authorization_codes",
        ["authorization_id"],
        unique=False,
    )
    op.create_table(
        "identity_refresh_tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["identity_authorizations.id"],
            name=op.f("fk_identity_refresh_tokens_authorization_id"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_identity_refresh_tokens")),
    )
    op.create_index(
        op.f("ix_identity_refresh_tokens_authorization_id"),
        "identity_refresh_tokens",
        ["authorization_id"],
        unique=False,
    )
    op.add_column(
        "identity_api_clients",
        sa.Column(
            "kind",
            sa.Enum("machine", "app", name="client_kind", native_enum=False, create_constraint=True, length=32),
            server_default="machine",
            nullable=False,
        ),
    )
    op.add_column("identity_api_clients", sa.Column("previous_secret_hash", sa.Text(), nullable=True))
    op.add_column("identity_api_clients", sa.Column("previous_secret_until", MOMENT, nullable=True))
    op.add_column(
        "identity_api_clients",
        sa.Column("redirect_uris", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("identity_api_clients", sa.Column("last_used_at", MOMENT, nullable=True))
    op.alter_column("identity_api_clients", "secret_hash", existing_type=sa.TEXT(), nullable=True)
    op.add_column("identity_signing_keys", sa.Column("signs_from", MOMENT, nullable=True))
    op.execute("UPDATE identity_signing_keys SET signs_from = created_at")
    op.alter_column("identity_signing_keys", "signs_from", nullable=False)
    op.create_check_constraint(
        op.f("ck_identity_api_clients_machine_has_secret"),
        "identity_api_clients",
        "kind = 'app' OR secret_hash IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_identity_api_clients_app_has_address"),
        "identity_api_clients",
        "(kind = 'app') = (cardinality(redirect_uris) > 0)",
    )
