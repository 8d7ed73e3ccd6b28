"""Reads about messages and their attempts, and about how all of it stands."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.errors import NotFound
from core.permissions import Actor
from core.webhooks.models import Attempt, Endpoint, Message, MessageState
from core.webhooks.queries.endpoints import get_endpoint
from core.webhooks.rules.catalog import public_id


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message with its last attempt. `is_held` says that an earlier one about the same subject comes first."""

    id: int
    public_id: uuid.UUID
    endpoint_id: int
    name: str
    subject: str
    body: dict[str, Any]
    created_at: datetime
    state: MessageState
    attempts: int
    next_at: datetime | None
    finished_at: datetime | None
    last_status: int | None
    last_words: str | None
    last_at: datetime | None

    @property
    def webhook_id(self) -> str:
        """What the receiver gets as `webhook-id`."""
        return public_id(self.public_id)

    @property
    def is_held(self) -> bool:
        """Whether it waits for an earlier message about the same subject."""
        return self.state is MessageState.WAITING and self.next_at is None


_RECORD = sa.select(
    Message.id,
    Message.public_id,
    Message.endpoint_id,
    Message.name,
    Message.subject,
    Message.body,
    Message.created_at,
    Message.state,
    Message.attempts,
    Message.next_at,
    Message.finished_at,
    Attempt.status,
    Attempt.words,
    Attempt.at,
).outerjoin(Attempt, sa.and_(Attempt.message_id == Message.id, Attempt.number == Message.attempts))


def list_messages(
    reader: Reader,
    *,
    viewer: Actor,
    at: datetime,
    endpoint_id: int,
    state: str | None = None,
    before_id: int | None = None,
    most: int = 50,
) -> list[MessageRecord]:
    """The messages of an endpoint, newest first, those in one state when asked. Needs webhooks:read."""
    get_endpoint(reader, viewer=viewer, at=at, endpoint_id=endpoint_id)
    query = _RECORD.where(Message.endpoint_id == endpoint_id).order_by(Message.id.desc()).limit(most)
    if state is not None:
        query = query.where(Message.state == state)
    if before_id is not None:
        query = query.where(Message.id < before_id)
    return [MessageRecord(*tuple(row)) for row in reader.execute(query)]


def get_message(
    reader: Reader, *, viewer: Actor, at: datetime, endpoint_id: int, message_id: uuid.UUID
) -> MessageRecord:
    """One message of an endpoint, by its public id. Needs webhooks:read. Raises NotFound."""
    get_endpoint(reader, viewer=viewer, at=at, endpoint_id=endpoint_id)
    query = _RECORD.where(Message.endpoint_id == endpoint_id, Message.public_id == message_id)
    row = reader.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"This endpoint has no message {public_id(message_id)}. Messages are kept for some weeks.")
    return MessageRecord(*tuple(row))


def list_attempts(
    reader: Reader, *, viewer: Actor, at: datetime, endpoint_id: int, message_id: uuid.UUID
) -> list[dict[str, Any]]:
    """The tries of one message, oldest first: `number, at, status, words, took_ms`. Needs webhooks:read."""
    message = get_message(reader, viewer=viewer, at=at, endpoint_id=endpoint_id, message_id=message_id)
    columns = (Attempt.number, Attempt.at, Attempt.status, Attempt.words, Attempt.took_ms)
    return plain_rows(
        reader.execute(sa.select(*columns).where(Attempt.message_id == message.id).order_by(Attempt.number))
    )


# A message that was due this long ago and was not even tried says that nobody delivers.
LATE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Standing:
    """How webhooks stand: since when the longest overdue message is not tried, and who needs somebody."""

    overdue_since: datetime | None
    disabled: list[dict[str, Any]]
    failing: list[dict[str, Any]]


_OVERDUE = (
    sa.select(sa.func.min(Message.next_at))
    .join(Endpoint, Endpoint.id == Message.endpoint_id)
    .where(
        Message.state == MessageState.WAITING,
        Message.next_at.is_not(None),
        Endpoint.disabled_at.is_(None),
        Endpoint.removed_at.is_(None),
    )
)


def check(reader: Reader, *, viewer: Actor, at: datetime) -> Standing:
    """How webhooks stand, for the health page: only what the product itself disabled is told. Needs health:read."""
    viewer.require("health:read")
    held = sa.or_(Endpoint.held_until.is_(None), Endpoint.held_until <= at)
    since = reader.execute(_OVERDUE.where(held, Message.next_at < at - LATE_AFTER)).scalar_one()
    columns = (Endpoint.id, Endpoint.url, Endpoint.disabled_at, Endpoint.disabled_why, Endpoint.failing_since)
    kept = sa.select(*columns).where(Endpoint.removed_at.is_(None)).order_by(Endpoint.id)
    disabled = kept.where(Endpoint.disabled_at.is_not(None), Endpoint.disabled_by.is_(None))
    failing = kept.where(Endpoint.disabled_at.is_(None), Endpoint.failing_since.is_not(None))
    return Standing(since, plain_rows(reader.execute(disabled)), plain_rows(reader.execute(failing)))
