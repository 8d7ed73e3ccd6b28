"""Tables of endpoints, their secrets, and every message with its attempts."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class MessageState(enum.StrEnum):
    """Waiting to be sent or sent again; taken by the receiver; given up."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be sent."""
        return self is MessageState.WAITING


class Endpoint(Base):
    """An address that facts are told to. `facts` None means all but batches of points; `park_ids` None all parks.

    `read_txid, read_id` is the place in the stream of facts up to which messages were made.
    """

    __tablename__ = "webhooks_endpoints"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    url: Mapped[str] = mapped_column(sa.Text)
    description: Mapped[str] = mapped_column(sa.Text)
    facts: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    park_ids: Mapped[list[int] | None] = mapped_column(ARRAY(sa.BigInteger))
    client_id: Mapped[str | None] = mapped_column(sa.ForeignKey("identity_api_clients.client_id"), index=True)
    created_by: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    read_txid: Mapped[int] = mapped_column(sa.BigInteger)
    read_id: Mapped[int] = mapped_column(sa.BigInteger)
    disabled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    disabled_why: Mapped[str | None] = mapped_column(sa.Text)


class EndpointSecret(Base):
    """A secret that messages are signed with. While one is being replaced, messages carry both signatures."""

    __tablename__ = "webhooks_secrets"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(sa.ForeignKey(Endpoint.id), index=True)
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Message(Base):
    """One fact on its way to one endpoint. Those of one `subject` are sent in the order of `id`."""

    __tablename__ = "webhooks_messages"
    __table_args__ = (
        sa.UniqueConstraint("endpoint_id", "fact_txid", "fact_id"),
        sa.Index("ix_webhooks_messages_due", "next_at", postgresql_where=sa.text("state = 'waiting'")),
        sa.Index(
            "ix_webhooks_messages_open", "endpoint_id", "subject", "id", postgresql_where=sa.text("state = 'waiting'")
        ),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, unique=True, server_default=sa.func.gen_random_uuid())
    endpoint_id: Mapped[int] = mapped_column(sa.ForeignKey(Endpoint.id))
    fact_txid: Mapped[int] = mapped_column(sa.BigInteger)
    fact_id: Mapped[int] = mapped_column(sa.BigInteger)
    name: Mapped[str] = mapped_column(sa.Text)
    subject: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    state: Mapped[MessageState] = mapped_column(text_enum(MessageState, "message_state"), server_default="waiting")
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    next_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    claimed_by: Mapped[str | None] = mapped_column(sa.Text)
    claimed_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Attempt(Base):
    """One try to deliver a message. `status` is the answer's, None when there was none."""

    __tablename__ = "webhooks_attempts"

    message_id: Mapped[int] = mapped_column(sa.ForeignKey(Message.id), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    status: Mapped[int | None] = mapped_column(sa.Integer)
    words: Mapped[str] = mapped_column(sa.Text)
    took_ms: Mapped[int] = mapped_column(sa.Integer)
