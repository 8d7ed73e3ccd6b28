"""The verbs by which messages are sent again, or for a test."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, NotFound
from core.permissions import Actor, needs
from core.webhooks.models import Endpoint, Message, MessageState
from core.webhooks.queries.messages import is_readable
from core.webhooks.rules.catalog import PING, public_id
from core.webhooks.schemas import Replay
from core.webhooks.service.order import lock_seen_endpoint, settle

# More in one transaction would hold up what is under way.
MOST = 10_000
_AGAIN: dict[str, Any] = {
    "state": MessageState.WAITING,
    "next_at": None,
    "first_try_at": None,
    "finished_at": None,
    "claimed_by": None,
    "claimed_until": None,
}


@needs("webhooks:manage")
def replay_message(session: Writer, *, actor: Actor, at: datetime, endpoint_id: int, message_id: uuid.UUID) -> None:
    """Send one message again, with the same `webhook-id`; one that waits for its next try is tried now.

    Raises NotFound, and Conflict when an earlier message about the same subject comes first.
    """
    _lock_enabled(session, actor, endpoint_id)
    query = sa.select(Message).where(
        Message.endpoint_id == endpoint_id, Message.public_id == message_id, is_readable(actor)
    )
    message = session.scalars(query).one_or_none()
    if message is None:
        raise NotFound(f"This endpoint has no message {public_id(message_id)}.")
    if message.state is MessageState.WAITING:
        if message.next_at is None:
            raise Conflict("An earlier message about the same subject is still to be delivered and comes first.")
        message.next_at = at
    else:
        _put_back(session, endpoint_id, Message.id == message.id, at=at)
    _record(session, actor, at, endpoint_id, "message_replayed", message=public_id(message_id))


@needs("webhooks:manage")
def replay_messages(session: Writer, *, actor: Actor, at: datetime, endpoint_id: int, wanted: Replay) -> int:
    """Send again the dead, or all finished, messages made since a moment, the oldest first; returns how many. Of facts
    that whoever asks may not read, none: the endpoint may be elsewhere by now.

    At most 10 000 at once; ask again for more. They keep their `webhook-id` and their order.
    """
    _lock_enabled(session, actor, endpoint_id)
    states = [MessageState.DEAD] if wanted.state == "dead" else [MessageState.DEAD, MessageState.DELIVERED]
    chosen = (
        sa.select(Message.id)
        .where(
            Message.endpoint_id == endpoint_id,
            Message.state.in_(states),
            Message.created_at >= wanted.since,
            is_readable(actor),
        )
        .order_by(Message.id)
        .limit(MOST)
    )
    count = _put_back(session, endpoint_id, Message.id.in_(chosen), at=at)
    since = wanted.since.isoformat()
    _record(session, actor, at, endpoint_id, "messages_replayed", state=wanted.state, since=since, count=count)
    return count


@needs("webhooks:manage")
def ping(session: Writer, *, actor: Actor, at: datetime, endpoint_id: int) -> uuid.UUID:
    """Send a test message, on its way like any other; returns its public id."""
    endpoint = _lock_enabled(session, actor, endpoint_id)
    endpoint.held_until = None
    body = {"type": PING, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": {"endpoint_id": endpoint_id}}
    made = uuid.uuid4()
    session.add(
        Message(
            public_id=made,
            endpoint_id=endpoint_id,
            name=PING,
            subject=f"ping:{made.hex}",
            body=body,
            created_at=at,
            next_at=at,
        )
    )
    _record(session, actor, at, endpoint_id, "endpoint_pinged", message=public_id(made))
    return made


def _lock_enabled(session: Writer, actor: Actor, endpoint_id: int) -> Endpoint:
    endpoint = lock_seen_endpoint(session, viewer=actor, endpoint_id=endpoint_id)
    if endpoint.disabled_at is not None:
        raise Conflict(f"Endpoint {endpoint_id} is disabled. Enable it first.")
    return endpoint


def _put_back(session: Writer, endpoint_id: int, which: sa.ColumnElement[bool], *, at: datetime) -> int:
    subjects = session.scalars(sa.update(Message).where(which).values(_AGAIN).returning(Message.subject)).all()
    settle(session, endpoint_id=endpoint_id, subjects=subjects, at=at)
    return len(subjects)


def _record(session: Writer, actor: Actor, at: datetime, endpoint_id: int, action: str, **detail: object) -> None:
    audit.record(session, actor=actor, at=at, action=f"webhooks.{action}", subject=("endpoint", endpoint_id), **detail)
