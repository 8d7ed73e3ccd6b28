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


_IS_FIRST = sa.text("state = 'waiting' AND next_at IS NOT NULL")


class Endpoint(Base):
    """An address that facts are told to. `facts` None means all but batches of points; `park_ids` None all parks.

    It is told what its owner may read: of an API client's endpoint what the client may now, of one that a person added
    what that person could read then (`rights`), less what whoever turned it elsewhere since may not read.
    `read_txid, read_id` is the place in the stream of facts of the database `read_epoch` up to which messages were
    made, `read_at` when that was last true; `missed_at` is when facts were found to have been dropped before they were
    read. Nothing is sent before `held_until`, as the receiver asked.
    A removed endpoint stays for its messages, without its secrets.
    """

    __tablename__ = "webhooks_endpoints"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    url: Mapped[str] = mapped_column(sa.Text)
    description: Mapped[str] = mapped_column(sa.Text)
    facts: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    park_ids: Mapped[list[int] | None] = mapped_column(ARRAY(sa.BigInteger))
    client_id: Mapped[str | None] = mapped_column(sa.ForeignKey("identity_api_clients.client_id"), index=True)
    rights: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    created_by: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    read_epoch: Mapped[str] = mapped_column(sa.Text)
    read_txid: Mapped[int] = mapped_column(sa.BigInteger)
    read_id: Mapped[int] = mapped_column(sa.BigInteger)
    read_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    missed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_success_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    failing_since: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    held_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    disabled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    disabled_by: Mapped[str | None] = mapped_column(sa.Text)
    disabled_why: Mapped[str | None] = mapped_column(sa.Text)
    removed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class EndpointSecret(Base):
    """A secret that messages are signed with. While one is being replaced, messages carry both signatures."""

    __tablename__ = "webhooks_secrets"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(sa.ForeignKey(Endpoint.id), index=True)
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Message(Base):
    """One fact on its way to one endpoint, about one subject. Those of one subject are sent in the order of `id`.

    Of those that wait only the first of its subject has `next_at`; the others are held back by it. `first_try_at` is
    when this round of tries began: it begins anew when the message is sent again by hand. A message without a fact is
    our own: a ping, or word of facts that were missed.
    """

    __tablename__ = "webhooks_messages"
    __table_args__ = (
        sa.UniqueConstraint("endpoint_id", "fact_txid", "fact_id", "subject"),
        sa.Index("ix_webhooks_messages_due", "next_at", postgresql_where=_IS_FIRST),
        sa.Index("ix_webhooks_messages_first", "endpoint_id", "subject", postgresql_where=_IS_FIRST),
        sa.Index(
            "ix_webhooks_messages_open", "endpoint_id", "subject", "id", postgresql_where=sa.text("state = 'waiting'")
        ),
        sa.Index("ix_webhooks_messages_listed", "endpoint_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, unique=True, server_default=sa.func.gen_random_uuid())
    endpoint_id: Mapped[int] = mapped_column(sa.ForeignKey(Endpoint.id))
    fact_txid: Mapped[int | None] = mapped_column(sa.BigInteger)
    fact_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    name: Mapped[str] = mapped_column(sa.Text)
    subject: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    state: Mapped[MessageState] = mapped_column(text_enum(MessageState, "message_state"), server_default="waiting")
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    first_try_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    next_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    claimed_by: Mapped[str | None] = mapped_column(sa.Text)
    claimed_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Attempt(Base):
    """One try to deliver a message. `status` is the answer's, None when there was none."""

    __tablename__ = "webhooks_attempts"

    message_id: Mapped[int] = mapped_column(sa.ForeignKey(Message.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    status: Mapped[int | None] = mapped_column(sa.Integer)
    words: Mapped[str] = mapped_column(sa.Text)
    took_ms: Mapped[int] = mapped_column(sa.Integer)
