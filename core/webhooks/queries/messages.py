"""Reads about messages and their attempts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.errors import NotFound
from core.permissions import PERMISSIONS, Actor
from core.webhooks.models import Attempt, Message, MessageState
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


def is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    """Whether a message is about what the viewer may read: it tells of a fact, and a fact has its own right."""
    subsystems = {right.partition(":")[0] for right in PERMISSIONS if right.endswith(":read") and viewer.may(right)}
    # What endpoints are told about themselves belongs to whoever sees them.
    return sa.func.split_part(Message.name, ".", 1).in_(sorted({*subsystems, "webhooks"}))


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
    """The messages of an endpoint about what the viewer may read, newest first, those in one state when asked.

    Needs webhooks:read.
    """
    get_endpoint(reader, viewer=viewer, at=at, endpoint_id=endpoint_id)
    query = (
        _RECORD.where(Message.endpoint_id == endpoint_id, is_readable(viewer)).order_by(Message.id.desc()).limit(most)
    )
    if state is not None:
        query = query.where(Message.state == state)
    if before_id is not None:
        query = query.where(Message.id < before_id)
    return [MessageRecord(*tuple(row)) for row in reader.execute(query)]


def get_message(
    reader: Reader, *, viewer: Actor, at: datetime, endpoint_id: int, message_id: uuid.UUID
) -> MessageRecord:
    """One message of an endpoint about what the viewer may read, by its public id. Needs webhooks:read.

    Raises NotFound.
    """
    get_endpoint(reader, viewer=viewer, at=at, endpoint_id=endpoint_id)
    query = _RECORD.where(Message.endpoint_id == endpoint_id, Message.public_id == message_id, is_readable(viewer))
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
