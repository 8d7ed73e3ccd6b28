"""One endpoint's turn: what was answered is written down, and the next messages are handed out, in one transaction."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from core import audit, outbox
from core.db import Writer
from core.permissions import Actor, needs
from core.webhooks.models import Endpoint, EndpointSecret, Message, MessageState
from core.webhooks.rules.retries import Answer, hold_for, is_back, is_given_up, next_try
from core.webhooks.service.order import let_first_go, lock_endpoint, settle

# Three times what a call may take: who has not answered by then is dead, and another takes the message over.
LEASE = timedelta(seconds=45)
# The moment of the last success is written this often at most; who counts it needs no more.
_NOTE_SUCCESS_AFTER = timedelta(seconds=10)

_WRITE_DOWN = sa.text("""
    WITH told AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t (
            id bigint, state text, number int, first_try_at timestamptz, next_at timestamptz, finished_at timestamptz,
            tried_at timestamptz, status int, words text, took_ms int
        )
    ), moved AS (
        UPDATE webhooks_messages m
        SET state = t.state, attempts = t.number, first_try_at = t.first_try_at, next_at = t.next_at,
            finished_at = t.finished_at, claimed_by = NULL, claimed_until = NULL
        FROM told t WHERE m.id = t.id
    )
    INSERT INTO webhooks_attempts (message_id, number, at, status, words, took_ms)
    SELECT id, number, tried_at, status, words, took_ms FROM told
""")
# The first messages of their subjects whose time has come, and of whose subject none is on its way.
_TAKE = sa.text("""
    UPDATE webhooks_messages m SET claimed_by = :worker, claimed_until = :until
    FROM (
        SELECT d.id FROM webhooks_messages d
        WHERE d.endpoint_id = :endpoint_id AND d.state = 'waiting' AND d.next_at <= :at
          AND (d.claimed_until IS NULL OR d.claimed_until <= :at)
          AND d.subject <> ALL (ARRAY(
              SELECT o.subject FROM webhooks_messages o
              WHERE o.endpoint_id = :endpoint_id AND o.state = 'waiting' AND o.next_at IS NOT NULL
                AND o.claimed_until > :at
          ))
        ORDER BY d.next_at, d.id LIMIT :room
    ) AS due
    WHERE m.id = due.id
    RETURNING m.id, m.public_id, m.body
""")


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
    query = sa.select(Message.id, Message.subject, Message.attempts, Message.first_try_at, Message.claimed_until).where(
        Message.id.in_([result.claim.message_id for result in results]),
        Message.state == MessageState.WAITING,
        Message.claimed_by == worker,
    )
    rows = {row.id: row for row in session.execute(query)}
    own = [
        result
        for result in results
        if result.claim.message_id in rows and rows[result.claim.message_id].claimed_until == result.claim.claimed_until
    ]
    if not own:
        return
    was_failing_since = endpoint.failing_since
    outcomes = [_outcome(rows[result.claim.message_id], result, at=at) for result in own]
    session.execute(_WRITE_DOWN, {"rows": orjson.dumps(outcomes).decode()})
    for result in own:
        _note_health(endpoint, result, at=at)
    subjects = [rows[result.claim.message_id].subject for result in own]
    # Only one that was not finished can stand before an earlier one that was put back while it was on its way.
    are_finished = all(outcome["next_at"] is None for outcome in outcomes)
    (let_first_go if are_finished else settle)(session, endpoint_id=endpoint.id, subjects=subjects, at=at)
    if endpoint.failing_since is None and is_back(failing_since=was_failing_since, at=at):
        _let_waiting_go(session, endpoint, at=at)
    _disable_if_due(session, actor, endpoint, own, at=at)


def _outcome(row: Any, result: Result, *, at: datetime) -> dict[str, Any]:
    """What becomes of a message by what was answered, and the line of its attempt."""
    answer, first_try_at = result.answer, row.first_try_at or result.tried_at
    next_at = None
    if not answer.is_taken:
        jitter = random.random()  # noqa: S311 - sets tries apart, hides nothing
        next_at = next_try(first_try_at=first_try_at, tried_at=result.tried_at, at=at, jitter=jitter)
    state = MessageState.DELIVERED if answer.is_taken else MessageState.DEAD
    return {
        "id": row.id,
        "state": MessageState.WAITING if next_at else state,
        "number": row.attempts + 1,
        "first_try_at": first_try_at,
        "next_at": next_at,
        "finished_at": None if next_at else at,
        "tried_at": result.tried_at,
        "status": answer.status,
        "words": answer.words,
        "took_ms": answer.took_ms,
    }


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
    until = at + LEASE
    values = {"endpoint_id": endpoint.id, "at": at, "until": until, "worker": worker, "room": room}
    rows = session.execute(_TAKE, values).all()
    if not rows:
        return []
    secrets = _live_secrets(session, endpoint.id, at=at)
    return [Claim(row.id, row.public_id, endpoint.id, endpoint.url, secrets, row.body, until) for row in rows]


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
