"""The vault: keys of people, files, and drivers' names and phones sealed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import keyring, sealing

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward."""
    _make_tables()
    for name, type_ in (
        ("key_id", sa.BigInteger()),
        ("name_sealed", sa.LargeBinary()),
        ("phone_sealed", sa.LargeBinary()),
        ("phone_blind", sa.LargeBinary()),
    ):
        op.add_column("drivers_drivers", sa.Column(name, type_, nullable=True))
    for driver in op.get_bind().execute(sa.text("SELECT id, name, phone FROM drivers_drivers ORDER BY id")).all():
        _seal(driver.id, {"name": driver.name, "phone": driver.phone})
    op.alter_column("drivers_drivers", "key_id", nullable=False)
    op.create_foreign_key(op.f("fk_drivers_drivers_key_id"), "drivers_drivers", "vault_keys", ["key_id"], ["id"])
    op.drop_column("drivers_drivers", "name")
    op.drop_column("drivers_drivers", "phone")
    op.create_unique_constraint(op.f("uq_drivers_drivers_phone_blind"), "drivers_drivers", ["phone_blind"])
    # Written anew, so that no page of the table holds the names any more.
    op.execute("CLUSTER drivers_drivers USING pk_drivers_drivers")


def _make_tables() -> None:
    op.create_table(
        "vault_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("master", sa.SmallInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.CheckConstraint("(wrapped IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_vault_keys_erased_has_no_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_keys")),
    )
    op.create_table(
        "files_files",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("content_blind", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "clean",
                "not_scanned",
                "infected",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("kept_by_kind", sa.Text(), nullable=False),
        sa.Column("kept_by_id", sa.BigInteger(), nullable=True),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_files_files_not_empty")),
        sa.ForeignKeyConstraint(["key_id"], ["vault_keys.id"], name=op.f("fk_files_files_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files_files")),
    )
    op.create_index(op.f("ix_files_files_key_id"), "files_files", ["key_id"])
    op.create_index("ix_files_files_waiting", "files_files", ["kept_at"], postgresql_where=sa.text("state = 'waiting'"))
    # Sealed bytes do not compress: TOAST would only try.
    op.execute("ALTER TABLE files_files ALTER COLUMN content_sealed SET STORAGE EXTERNAL")


def _seal(driver_id: int, texts: dict[str, str]) -> None:
    """As core/vault.py does, in the form of this day."""
    bind, ring, key = op.get_bind(), keyring.current(), secrets.token_bytes(32)
    key_id = bind.execute(sa.text("SELECT nextval('vault_keys_id_seq')")).scalar_one()
    bind.execute(
        sa.text("INSERT INTO vault_keys (id, master, wrapped, made_at) VALUES (:id, :master, :wrapped, :at)"),
        {
            "id": key_id,
            "master": ring.newest,
            "wrapped": sealing.seal(ring.master(ring.newest), key, about=f"vault:{key_id}"),
            "at": datetime.now(UTC),
        },
    )
    head, sealed = b"\x01" + key_id.to_bytes(8, "big"), {}
    for name, text in texts.items():
        nonce = secrets.token_bytes(12)
        sealed[name] = head + nonce + AESGCM(key).encrypt(nonce, text.encode(), head + f"drivers.{name}".encode())
    index = sealing.derive(ring.blind, "vault:blind:drivers.phone")
    bind.execute(
        sa.text(
            "UPDATE drivers_drivers SET key_id = :key, name_sealed = :name, phone_sealed = :phone, phone_blind = :blind"
            " WHERE id = :id"
        ),
        {
            "id": driver_id,
            "key": key_id,
            "blind": hmac.new(index, texts["phone"].encode(), hashlib.sha256).digest(),
            **sealed,
        },
    )
