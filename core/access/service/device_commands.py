"""Telling a device something over the session that another process holds: the rows between the two (decision 0022).

Whoever asks puts a row and waits; the gateway process that has the device takes it, says it, and writes down what came
of it. Both are woken by CHANNEL.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from core.access.models import DeviceCommand, Problem
from core.db import Writer
from core.permissions import Actor, needs

CHANNEL = "access_device_commands"
# So long a row waits for a gateway that has the device, before one that has not takes it and says so.
_OTHERS_FIRST = timedelta(seconds=0.5)
# Questions are no commands: they are kept by nobody, not even those that a killed worker left.
_QUESTIONS_KEPT = timedelta(hours=1)
# Of a crowd one gateway takes so many at once, so that its transaction stays short.
_AT_ONCE = 1_000


class TakenCommand(NamedTuple):
    """What is to be said to a device, and until when it may be."""

    id: uuid.UUID
    device_uid: str
    text: str
    deadline: datetime


@needs("access:deliver")
def put_command(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    device_uid: str,
    text: str,
    deadline: datetime,
    job_id: uuid.UUID | None = None,
    attempt: int | None = None,
) -> uuid.UUID:
    """Ask for `text` to be said to the device before `deadline`, once or not at all; returns the row's id.

    What is said for an order names its job and attempt and is kept; what names none is only a question.
    """
    row = DeviceCommand(
        device_uid=device_uid, text=text, created_at=at, deadline=deadline, job_id=job_id, attempt=attempt
    )
    session.add(row)
    session.flush()
    _wake(session)
    return row.id


@needs("access:deliver")
def take_commands(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    gateway: str,
    is_here: Callable[[str], bool],
    is_busy: Callable[[str], bool],
) -> list[TakenCommand]:
    """Take what waits for devices that are with this gateway, oldest first: nobody else will say it.

    One for each device, and none for one that is busy: what has to wait stays free, so that its time can run out. What
    waits for a device that no gateway has had for half a second is taken too, so that somebody says so.
    """
    columns = (DeviceCommand.id, DeviceCommand.device_uid, DeviceCommand.text, DeviceCommand.deadline)
    waiting = sa.select(*columns, DeviceCommand.created_at)
    waiting = waiting.where(DeviceCommand.taken_at.is_(None), DeviceCommand.answered_at.is_(None))
    waiting = waiting.where(DeviceCommand.deadline > at).order_by(DeviceCommand.created_at)
    taken: dict[str, TakenCommand] = {}
    for row in session.execute(waiting.limit(_AT_ONCE).with_for_update(skip_locked=True)):
        uid = row.device_uid
        if uid in taken or is_busy(uid):
            continue
        if is_here(uid) or at - row.created_at >= _OTHERS_FIRST:
            taken[uid] = TakenCommand(row.id, uid, row.text, row.deadline)
    if taken:
        ours = DeviceCommand.id.in_([command.id for command in taken.values()])
        session.execute(sa.update(DeviceCommand).where(ours).values(taken_at=at, taken_by=gateway))
    return list(taken.values())


@needs("access:deliver")
def answer_command(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    command_id: uuid.UUID,
    answer: str | None = None,
    problem: Problem | None = None,
) -> None:
    """Write down what the device answered, or why it did not. The first word stands."""
    ours = sa.update(DeviceCommand).where(DeviceCommand.id == command_id, DeviceCommand.answered_at.is_(None))
    session.execute(ours.values(answered_at=at, answer=answer, problem=problem))
    _wake(session)


@needs("access:deliver")
def withdraw_command(session: Writer, *, actor: Actor, at: datetime, command_id: uuid.UUID) -> None:
    """Let nobody say it any more, unless somebody has taken it: then that stands, and nothing is changed."""
    free = sa.update(DeviceCommand).where(
        DeviceCommand.id == command_id, DeviceCommand.taken_at.is_(None), DeviceCommand.answered_at.is_(None)
    )
    session.execute(free.values(answered_at=at, problem=Problem.WITHDRAWN))


@needs("access:deliver")
def forget_questions(session: Writer, *, actor: Actor, at: datetime, command_ids: Sequence[uuid.UUID]) -> None:
    """Delete questions that were answered, or that nobody waits for any more."""
    old = DeviceCommand.created_at < at - _QUESTIONS_KEPT
    session.execute(
        sa.delete(DeviceCommand).where(DeviceCommand.job_id.is_(None), sa.or_(DeviceCommand.id.in_(command_ids), old))
    )


def _wake(session: Writer) -> None:
    """Wake everybody who waits, when this transaction commits."""
    session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
