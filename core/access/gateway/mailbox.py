"""The worker's side of the rows by which a gateway process is asked to tell devices something (decision 0022)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from core.access import queries
from core.access.queries import CommandRecord
from core.access.service import device_commands
from core.db import Database
from core.permissions import system

ACTOR = system("access delivery", "access:deliver")
# Whoever says it waits for the answer until the deadline, and needs a moment to write down that none came.
_WRITING = timedelta(seconds=1)
_LOOK_EVERY_S = 0.25


class Mailbox:
    """Puts texts for devices and waits for what becomes of them. Raises what a database that is away raises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, device_uid: str, text: str, *, deadline: datetime, job_id: uuid.UUID, attempt: int) -> CommandRecord:
        """Have the device told before `deadline` or never, and wait until it is known what became of it.

        What nobody has taken by then is withdrawn, so that what is returned stays so.
        """
        with self._database.listen(device_commands.CHANNEL) as listening:
            command_id = self._put(device_uid, text, deadline, job_id, attempt)
            while True:
                record = self.look([command_id])[command_id]
                left_s = (deadline + _WRITING * (record.taken_at is not None) - _now()).total_seconds()
                if record.answered_at is not None:
                    return record
                if left_s <= 0:
                    return self.withdraw(record)
                for _ in listening.notifies(timeout=min(left_s, _LOOK_EVERY_S), stop_after=1):
                    pass

    def ask(self, device_uids: Iterable[str], text: str, *, lifetime: timedelta) -> list[uuid.UUID]:
        """Put a question for each of these devices; returns the rows' ids in their order."""
        at = _now()
        with self._database.transaction() as session:
            return [
                device_commands.put_command(
                    session, actor=ACTOR, at=at, device_uid=uid, text=text, deadline=at + lifetime
                )
                for uid in device_uids
            ]

    def wait(self, command_ids: Collection[uuid.UUID], *, within_s: float) -> dict[uuid.UUID, CommandRecord]:
        """These questions as they stand when all of them are answered, or after `within_s`."""
        ends_s = time.monotonic() + within_s
        while True:
            records = self.look(command_ids)
            if time.monotonic() >= ends_s or all(record.answered_at is not None for record in records.values()):
                return records
            time.sleep(_LOOK_EVERY_S / 5)

    def look(self, command_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, CommandRecord]:
        """These commands as they stand."""
        with self._database.reading() as reader:
            return queries.list_commands(reader, viewer=ACTOR, command_ids=command_ids)

    def look_at_attempt(self, job_id: uuid.UUID, attempt: int) -> list[CommandRecord]:
        """What was put for one attempt of an order, oldest first."""
        with self._database.reading() as reader:
            return queries.list_commands_of_attempt(reader, viewer=ACTOR, job_id=job_id, attempt=attempt)

    def withdraw(self, record: CommandRecord) -> CommandRecord:
        """Let nobody take it from now on; returns it as it stands then."""
        with self._database.transaction() as session:
            device_commands.withdraw_command(session, actor=ACTOR, at=_now(), command_id=record.id)
        return self.look([record.id])[record.id]

    def forget(self, command_ids: Collection[uuid.UUID]) -> None:
        """Delete questions that nobody waits for any more."""
        with self._database.transaction() as session:
            device_commands.forget_questions(session, actor=ACTOR, at=_now(), command_ids=list(command_ids))

    def _put(self, device_uid: str, text: str, deadline: datetime, job_id: uuid.UUID, attempt: int) -> uuid.UUID:
        with self._database.transaction() as session:
            return device_commands.put_command(
                session,
                actor=ACTOR,
                at=_now(),
                device_uid=device_uid,
                text=text,
                deadline=deadline,
                job_id=job_id,
                attempt=attempt,
            )


def _now() -> datetime:
    return datetime.now(UTC)
