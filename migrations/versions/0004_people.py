"""People: sessions, second factors, invitations, letters, and grants that reach no further than a park or a vehicle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "identity_throttles",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_identity_throttles")),
    )
    op.create_index(op.f("ix_identity_throttles_began_at"), "identity_throttles", ["began_at"], unique=False)
    op.create_table(
        "identity_external_logins",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_external_logins_user_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identity_external_logins")),
    )
    op.create_index(op.f("ix_identity_external_logins_user_id"), "identity_external_logins", ["user_id"], unique=False)
    op.create_table(
        "identity_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("give_up_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_letters_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_letters")),
    )
    op.create_index(op.f("ix_identity_letters_next_at"), "identity_letters", ["next_at"], unique=False)
    op.create_index(op.f("ix_identity_letters_user_id"), "identity_letters", ["user_id"], unique=False)
    op.create_table(
        "identity_reset_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_reset_requests")),
    )
    op.create_table(
        "identity_passkeys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_passkeys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_identity_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_identity_passkeys_user_id"), "identity_passkeys", ["user_id"], unique=False)
    op.create_table(
        "identity_recovery_codes",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_identity_recovery_codes")),
    )
    op.create_table(
        "identity_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_sessions")),
    )
    op.create_index(op.f("ix_identity_sessions_user_id"), "identity_sessions", ["user_id"], unique=False)
    op.create_table(
        "identity_tickets",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("invitation", "reset", name="ticket_kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_tickets_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_identity_tickets")),
    )
    op.create_index(op.f("ix_identity_tickets_user_id"), "identity_tickets", ["user_id"], unique=False)
    op.create_table(
        "identity_totps",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_users.id"], name=op.f("fk_identity_totps_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_identity_totps")),
    )
    op.drop_constraint("pk_identity_user_grants", "identity_user_grants")
    op.add_column("identity_user_grants", sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False))
    op.add_column("identity_user_grants", sa.Column("park_id", sa.BigInteger(), nullable=True))
    op.add_column("identity_user_grants", sa.Column("vehicle_id", sa.BigInteger(), nullable=True))
    op.add_column("identity_user_grants", sa.Column("expires_at", MOMENT, nullable=True))
    op.create_primary_key(op.f("pk_identity_user_grants"), "identity_user_grants", ["id"])
    op.create_check_constraint(
        "ck_identity_user_grants_one_reach", "identity_user_grants", "park_id IS NULL OR vehicle_id IS NULL"
    )
    op.create_unique_constraint(
        op.f("uq_identity_user_grants_user_id_permission_park_id_vehicle_id"),
        "identity_user_grants",
        ["user_id", "permission", "park_id", "vehicle_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_foreign_key(
        op.f("fk_identity_user_grants_vehicle_id"), "identity_user_grants", "vehicles_vehicles", ["vehicle_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_identity_user_grants_park_id"), "identity_user_grants", "vehicles_parks", ["park_id"], ["id"]
    )
    op.add_column(
        "identity_users", sa.Column("handle", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)
    )
    op.alter_column("identity_users", "password_hash", existing_type=sa.TEXT(), nullable=True)
    op.create_unique_constraint(op.f("uq_identity_users_handle"), "identity_users", ["handle"])
    op.drop_column("identity_users", "session_key")
