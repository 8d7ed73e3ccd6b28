"""One endpoint's turn: what was answered is written down, and the next messages are handed out, in one transaction."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core import audit, outbox
from core.db import Writer
from core.permissions import Actor, needs
from core.webhooks.models import Attempt, Endpoint, EndpointSecret, Message, MessageState
from core.webhooks.rules.retries import Answer, hold_for, is_back, is_given_up, next_try
from core.webhooks.service.order import lock_endpoint, settle

# Three times what a call may take: who has not answered by then is dead, and another takes the message over.
LEASE = timedelta(seconds=45)
# The moment of the last success is written this often at most; who counts it needs no more.
_NOTE_SUCCESS_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message in the hands of one worker until `claimed_until`, with all that sending it needs."""

    message_id: int
    public_id: uuid.UUID
    endpoint_id: int
    url: str
    sealed_secrets: tuple[bytes, ...]
    body: dict[str, Any]
    claimed_until: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claim: when the try began, and the answer."""

    claim: Claim
    tried_at: datetime
    answer: Answer


@dataclass(frozen=True, slots=True)
class Turn:
    """What an endpoint's turn gave: messages to send, and whether the endpoint is failing."""

    claims: list[Claim]
    is_failing: bool


@needs("webhooks:deliver")
def take_turn(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    endpoint_id: int,
    worker: str,
    results: Sequence[Result],
    room: int,
    room_when_failing: int,
) -> Turn:
    """Write down `results` and claim up to `room` messages, no two about one subject; fewer when it is failing.

    A result whose claim has passed to somebody else is dropped: the message is being sent by them.
    """
    endpoint = lock_endpoint(session, endpoint_id=endpoint_id)
    if endpoint is None:
        return Turn([], is_failing=False)
    if results:
        _record(session, actor, endpoint, results, at=at, worker=worker)
    is_failing = endpoint.failing_since is not None
    is_held = endpoint.held_until is not None and endpoint.held_until > at
    room = min(room, room_when_failing) if is_failing else room
    if endpoint.disabled_at is not None or is_held or room <= 0:
        return Turn([], is_failing)
    return Turn(_claim(session, endpoint, at=at, worker=worker, room=room), is_failing)


def _record(
    session: Writer, actor: Actor, endpoint: Endpoint, results: Sequence[Result], *, at: datetime, worker: str
) -> None:
    query = sa.select(Message).where(
        Message.id.in_([result.claim.message_id for result in results]),
        Message.state == MessageState.WAITING,
        Message.claimed_by == worker,
    )
    rows = {row.id: row for row in session.scalars(query)}
    finished, was_failing_since = set(), endpoint.failing_since
    for result in results:
        row = rows.get(result.claim.message_id)
        if row is None or row.claimed_until != result.claim.claimed_until:
            continue
        _write_attempt(session, row, result)
        _move_on(row, result, at=at)
        _note_health(endpoint, result, at=at)
        finished.add(row.subject)
    session.flush()
    settle(session, endpoint_id=endpoint.id, subjects=finished, at=at)
    if endpoint.failing_since is None and is_back(failing_since=was_failing_since, at=at):
        _let_waiting_go(session, endpoint, at=at)
    _disable_if_due(session, actor, endpoint, [result for result in results if result.claim.message_id in rows], at=at)


def _write_attempt(session: Writer, row: Message, result: Result) -> None:
    answer = result.answer
    row.attempts += 1
    session.add(
        Attempt(
            message_id=row.id,
            number=row.attempts,
            at=result.tried_at,
            status=answer.status,
            words=answer.words,
            took_ms=answer.took_ms,
        )
    )


def _move_on(row: Message, result: Result, *, at: datetime) -> None:
    row.claimed_by = row.claimed_until = None
    row.first_try_at = row.first_try_at or result.tried_at
    if result.answer.is_taken:
        row.state, row.next_at, row.finished_at = MessageState.DELIVERED, None, at
        return
    jitter = random.random()  # noqa: S311 - sets tries apart, hides nothing
    row.next_at = next_try(first_try_at=row.first_try_at, tried_at=result.tried_at, at=at, jitter=jitter)
    if row.next_at is None:
        row.state, row.finished_at = MessageState.DEAD, at


def _note_health(endpoint: Endpoint, result: Result, *, at: datetime) -> None:
    if result.answer.is_taken:
        if endpoint.last_success_at is None or at - endpoint.last_success_at >= _NOTE_SUCCESS_AFTER:
            endpoint.last_success_at = at
        endpoint.failing_since = endpoint.held_until = None
        return
    endpoint.failing_since = endpoint.failing_since or result.tried_at
    hold = hold_for(result.answer)
    if hold is not None:
        endpoint.held_until = max(at + hold, endpoint.held_until or at)


def _let_waiting_go(session: Writer, endpoint: Endpoint, *, at: datetime) -> None:
    """The receiver is back: what waits for its next try need not wait for hours."""
    session.execute(
        sa.update(Message)
        .where(Message.endpoint_id == endpoint.id, Message.state == MessageState.WAITING, Message.next_at > at)
        .values(next_at=at)
    )


def _disable_if_due(
    session: Writer, actor: Actor, endpoint: Endpoint, results: Sequence[Result], *, at: datetime
) -> None:
    if endpoint.disabled_at is not None:
        return
    if any(result.answer.is_gone for result in results):
        why = "The receiver answered 410: it wants no more messages."
    elif is_given_up(failing_since=endpoint.failing_since, at=at):
        why = f"It took nothing since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC."
    else:
        return
    endpoint.disabled_at, endpoint.disabled_by, endpoint.disabled_why = at, None, why
    endpoint.version += 1
    subject = ("endpoint", endpoint.id)
    audit.record(session, actor=actor, at=at, action="webhooks.endpoint_disabled", subject=subject, why=why)
    outbox.publish(session, "webhooks.endpoint_disabled", at=at, endpoint_id=endpoint.id)


def _claim(session: Writer, endpoint: Endpoint, *, at: datetime, worker: str, room: int) -> list[Claim]:
    secrets = _live_secrets(session, endpoint.id, at=at)
    rows = session.scalars(_due(endpoint.id, at).limit(room)).all()
    until = at + LEASE
    for row in rows:
        row.claimed_by, row.claimed_until = worker, until
    return [Claim(row.id, row.public_id, endpoint.id, endpoint.url, secrets, row.body, until) for row in rows]


def _due(endpoint_id: int, at: datetime) -> sa.Select[Message]:
    """The first messages of their subjects whose time has come and of whose subject none is on its way."""
    other = aliased(Message)
    under_way = sa.exists().where(
        other.endpoint_id == endpoint_id,
        other.subject == Message.subject,
        other.state == MessageState.WAITING,
        other.next_at.is_not(None),
        other.id != Message.id,
        other.claimed_until > at,
    )
    return (
        sa.select(Message)
        .where(
            Message.endpoint_id == endpoint_id,
            Message.state == MessageState.WAITING,
            Message.next_at <= at,
            sa.or_(Message.claimed_until.is_(None), Message.claimed_until <= at),
            ~under_way,
        )
        .order_by(Message.next_at, Message.id)
    )


def _live_secrets(session: Writer, endpoint_id: int, *, at: datetime) -> tuple[bytes, ...]:
    query = (
        sa.select(EndpointSecret.sealed)
        .where(
            EndpointSecret.endpoint_id == endpoint_id,
            sa.or_(EndpointSecret.expires_at.is_(None), EndpointSecret.expires_at > at),
        )
        .order_by(EndpointSecret.id.desc())
    )
    return tuple(session.scalars(query))
