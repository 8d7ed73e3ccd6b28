"""What became of the commands that were put for a gateway process to say."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.access.models import DeviceCommand, Problem
from core.db import Reader
from core.permissions import Actor

_COMMANDS = DeviceCommand.__table__.c


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One command to a device. Taken and without an end: nobody knows; not taken after the deadline: never said."""

    id: uuid.UUID
    device_uid: str
    text: str
    deadline: datetime
    taken_at: datetime | None
    answered_at: datetime | None
    answer: str | None
    problem: Problem | None

    @property
    def was_said(self) -> bool:
        """Whether the device may have been told: nobody who would know says that it was not."""
        return self.taken_at is not None and self.problem in {None, Problem.UNANSWERED, Problem.LOST}


def list_commands(
    reader: Reader, *, viewer: Actor, command_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, CommandRecord]:
    """These commands, by id. Needs access:deliver."""
    viewer.require("access:deliver")
    return {record.id: record for record in _read(reader, _COMMANDS.id.in_(command_ids))}


def list_commands_of_attempt(reader: Reader, *, viewer: Actor, job_id: uuid.UUID, attempt: int) -> list[CommandRecord]:
    """What was put for one attempt of an order, oldest first: its command, and what took that back.

    Needs access:deliver.
    """
    viewer.require("access:deliver")
    return _read(reader, sa.and_(_COMMANDS.job_id == job_id, _COMMANDS.attempt == attempt))


def _read(reader: Reader, which: sa.ColumnElement[bool]) -> list[CommandRecord]:
    columns = (
        _COMMANDS.id,
        _COMMANDS.device_uid,
        _COMMANDS.text,
        _COMMANDS.deadline,
        _COMMANDS.taken_at,
        _COMMANDS.answered_at,
        _COMMANDS.answer,
        _COMMANDS.problem,
    )
    rows = reader.execute(sa.select(*columns).where(which).order_by(_COMMANDS.created_at))
    return [CommandRecord(*row[:-1], problem=Problem(row.problem) if row.problem is not None else None) for row in rows]
