"""Tables of the machines and apps that act for people, and of the keys their tokens are signed with."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class ClientKind(enum.StrEnum):
    """A machine acts by itself, with its own secret; an app acts for a person who let it."""

    MACHINE = "machine"
    APP = "app"


class ApiClient(Base):
    """A program that gets access tokens. `scopes` are the permissions it may ask for; an app never has more than its
    person. An app without a secret is public, and proves itself by PKCE alone. Of a secret that was changed the one
    before stays good until `previous_secret_until`.
    """

    __tablename__ = "identity_api_clients"
    __table_args__ = (
        sa.CheckConstraint("kind = 'app' OR secret_hash IS NOT NULL", name="machine_has_secret"),
        sa.CheckConstraint("(kind = 'app') = (cardinality(redirect_uris) > 0)", name="app_has_address"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.Text, unique=True)
    kind: Mapped[ClientKind] = mapped_column(text_enum(ClientKind, "client_kind"), server_default="machine")
    secret_hash: Mapped[str | None] = mapped_column(sa.Text)
    previous_secret_hash: Mapped[str | None] = mapped_column(sa.Text)
    previous_secret_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    name: Mapped[str] = mapped_column(sa.Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    park_ids: Mapped[list[int] | None] = mapped_column(ARRAY(sa.BigInteger))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    disabled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class SigningKey(Base):
    """A key that signs access tokens. The private half is sealed with the product's own secret.

    It is published from `created_at`, signs from `signs_from`, and is published until `retired_at`, which is later
    than the last token that it signed.
    """

    __tablename__ = "identity_signing_keys"

    kid: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    sealed_private_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    public_jwk: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    signs_from: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    retired_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
