"""Tables of what people let apps do, and of the tokens that came of it."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.identity.models.clients import ApiClient
from core.identity.models.people import User


class Consent(Base):
    """What a person let an app do, until they take it back."""

    __tablename__ = "identity_consents"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), primary_key=True)
    client_id: Mapped[int] = mapped_column(sa.ForeignKey(ApiClient.id), primary_key=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    given_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Authorization(Base):
    """One sign-in of a person to an app: the family of all tokens that came of it. Ended, none of them is good."""

    __tablename__ = "identity_authorizations"

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    client_id: Mapped[int] = mapped_column(sa.ForeignKey(ApiClient.id), index=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    auth_time: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    last_used_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    ended_why: Mapped[str | None] = mapped_column(sa.Text)


class AuthorizationCode(Base):
    """A code that an app exchanges for tokens, once, within a minute (RFC 6749 section 4.1.2, RFC 7636)."""

    __tablename__ = "identity_authorization_codes"

    code_hash: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    authorization_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Authorization.id), index=True)
    redirect_uri: Mapped[str] = mapped_column(sa.Text)
    challenge: Mapped[str] = mapped_column(sa.Text)
    nonce: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class RefreshToken(Base):
    """A refresh token, good once. Shown a second time it is stolen, and its family ends (RFC 9700 section 4.14.2)."""

    __tablename__ = "identity_refresh_tokens"

    token_hash: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    authorization_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Authorization.id), index=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class RevokedKind(enum.StrEnum):
    """What a revocation names: one token, a family of tokens, everything of a client or of a person."""

    TOKEN = "token"  # noqa: S105 - a word, not a secret
    AUTHORIZATION = "authorization"
    CLIENT = "client"
    USER = "user"


class Revocation(Base):
    """Access tokens that are no longer good although they have not expired: those of `key` issued up to `up_to`.

    Every process reads what is new every few seconds and keeps it in memory, so that a request asks nobody.
    `key` is a token's jti, an authorization's id, a client's client_id or a person's handle; `txid` is the transaction
    that wrote the row, by which a reader finds what is new although commits do not come in the order of ids.
    """

    __tablename__ = "identity_revocations"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    kind: Mapped[RevokedKind] = mapped_column(text_enum(RevokedKind, "revoked_kind"))
    key: Mapped[str] = mapped_column(sa.Text)
    up_to: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    txid: Mapped[int] = mapped_column(
        sa.BigInteger, server_default=sa.text("(pg_current_xact_id()::text)::bigint"), index=True
    )
