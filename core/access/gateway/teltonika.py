"""The road by Codec 12 over the session that the device itself keeps with our own device gateway (decision 0022).

The device's answer is its word that it switched, not the proof: that is a later report, or its answer to getio.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from core.access.gateway.mailbox import Mailbox
from core.access.gateway.road import Answer, Command, GatewayDown, Outputs, Relay
from core.access.gateway.teltonika_words import (
    LOCK_BELOW_KMH,
    OUTPUTS,
    READ_OUTPUTS,
    Said,
    is_switchable,
    read_answer,
    read_output,
    word_command,
)
from core.access.models import OrderKind, Outcome, Problem
from core.access.queries import CommandRecord
from core.db import AWAY, Database

# How long a look at the outputs, or the taking back of a lock, may take to reach the device. A device that is silent
# for longer is hung up on, so a slow one must be left its time.
_LOOK_LIFETIME = timedelta(seconds=4)
_TAKE_BACK_LIFETIME = timedelta(seconds=3)
_WAIT_FOR_OUTPUTS_S = 1.5

_NOT_SAID = {
    Problem.NOT_CONNECTED: "the device has no connection with the device gateway.",
    Problem.BUSY: "the device still owes the answer to another command.",
    Problem.CANNOT_COMMAND: "the device is connected by a protocol that knows no commands. Choose another road to "
    "its relay, or connect it by Teltonika's protocol over TCP.",
    Problem.TOO_LATE: "its time was over before the device could be told.",
    Problem.WITHDRAWN: "the device gateway did not take the command: the device was busy with another, or the process "
    "`gateway` does not run.",
}
_SAID = {
    Said.IGNORED: "the device left the output alone: has it an output of that number?",
    Said.DISABLED: "the device is not set up to switch this output. In the Teltonika Configurator give it no other "
    "use (I/O, Features).",
}


class TeltonikaGateway:
    """Devices that are connected to our own device gateway, wherever that process runs."""

    def __init__(self, database: Database) -> None:
        self._mailbox = Mailbox(database)
        self._looks: dict[str, uuid.UUID] = {}
        self._heard: dict[str, Outputs] = {}
        self._looking = threading.Lock()

    def send(self, command: Command) -> Answer:
        """See RelayGateway. A lock that the device only queued is taken back at once."""
        if not is_switchable(command.relay):
            return Answer(
                Outcome.REFUSED, f"Not sent: Teltonika devices have outputs 1 to {OUTPUTS}, not {command.relay.output}."
            )
        try:
            record = self._tell(command, command.kind, deadline=command.given_at + timedelta(seconds=command.ttl_s))
            if self._said(command, record) is Said.QUEUED:
                return self._take_back(command, record)
        except AWAY as problem:
            return Answer(Outcome.UNKNOWN, f"The database did not answer: {type(problem).__name__}")
        return self._judge(command, record)

    def was_logged(self, command: Command) -> bool:
        """See RelayGateway: by the row, by the device's answer in it, and in doubt by the device's own outputs.

        A doubt is cleared up rather than waited for: a lock that may wait in the device is taken back.
        """
        try:
            return self._find_out(command)
        except AWAY as problem:
            raise GatewayDown(f"the database did not answer: {type(problem).__name__}") from problem

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        """See RelayGateway: by getio, asked of all at once; a device that is slow to answer is not asked again.

        What a device tells is as old as the moment before it was asked.
        """
        wanted = {relay.device_uid: relay for relay in relays}
        try:
            with self._looking:
                self._look(wanted)
        except AWAY as problem:
            raise GatewayDown(f"the database did not answer: {type(problem).__name__}") from problem
        return {uid: self._heard[uid] for uid in wanted if uid in self._heard}

    def _look(self, wanted: dict[str, Relay]) -> None:
        missing = [uid for uid in wanted if uid not in self._looks]
        self._looks.update(zip(missing, self._mailbox.ask(missing, READ_OUTPUTS, lifetime=_LOOK_LIFETIME), strict=True))
        records = self._mailbox.wait([self._looks[uid] for uid in wanted], within_s=_WAIT_FOR_OUTPUTS_S)
        now = datetime.now(UTC)
        over = []
        for uid, relay in wanted.items():
            record = records.get(self._looks[uid])
            if record is None or record.answered_at is not None or now > record.deadline:
                over.append(self._looks.pop(uid))
            if record is not None and (told := _tell_outputs(record, relay)) is not None:
                self._heard[uid] = told
        self._mailbox.forget(over)

    def _tell(self, command: Command, kind: OrderKind, *, deadline: datetime) -> CommandRecord:
        return self._mailbox.tell(
            command.relay.device_uid,
            word_command(kind, command.relay),
            deadline=deadline,
            job_id=command.job_id,
            attempt=command.number,
        )

    def _said(self, command: Command, record: CommandRecord) -> Said | None:
        return None if record.answer is None else read_answer(record.answer, command.kind, command.relay)

    def _judge(self, command: Command, record: CommandRecord) -> Answer:
        if not record.was_said:
            assert record.problem is not None
            return Answer(Outcome.REFUSED, f"Not sent: {_NOT_SAID[record.problem]}")
        said = self._said(command, record)
        if said is None:
            return Answer(Outcome.UNKNOWN, _why_silent(record))
        if said in _SAID:
            return Answer(Outcome.REFUSED, f"The device answered “{record.answer}”: {_SAID[said]}")
        if said is Said.DONE:
            return Answer(Outcome.ACCEPTED, f"{record.text}: the device answered “{record.answer}”")
        return Answer(Outcome.UNKNOWN, f"The device's answer could not be understood: “{record.answer}”.")

    def _take_back(self, command: Command, record: CommandRecord) -> Answer:
        """The device would lock by itself when it is slow enough, however late: it is told to forget that."""
        if command.kind is OrderKind.RELEASE:
            return Answer(Outcome.UNKNOWN, f"The device put the release off: “{record.answer}”.")
        queued = f"The device measured more than {LOCK_BELOW_KMH} km/h and kept the lock for later (“{record.answer}”)"
        if self._is_taken_back(command):
            return Answer(Outcome.REFUSED, f"{queued}. It was taken back at once.")
        return Answer(
            Outcome.UNKNOWN,
            f"{queued}, and did not say that it was taken back. It may lock as soon as it stands, however late: "
            "release the vehicle, and look at its relay.",
        )

    def _is_taken_back(self, command: Command) -> bool:
        """Give the opposite command; whether the device said that it did. It replaces whatever waits in the device."""
        release = OrderKind.RELEASE
        record = self._tell(command, release, deadline=datetime.now(UTC) + _TAKE_BACK_LIFETIME)
        return record.answer is not None and read_answer(record.answer, release, command.relay) is Said.DONE

    def _find_out(self, command: Command) -> bool:
        text = word_command(command.kind, command.relay)
        said = self._mailbox.look_at_attempt(command.job_id, command.number)
        record = next((each for each in said if each.text == text), None)
        if record is not None and record.taken_at is None:
            record = self._mailbox.withdraw(record)
        over = command.given_at + timedelta(seconds=command.ttl_s)
        if record is None and datetime.now(UTC) < over:
            raise GatewayDown("the command may still be on its way to the device gateway.")
        if record is None or not record.was_said:
            return False
        taken_back = any(each.text != text and self._took_back(command, each) for each in said)
        match self._said(command, record):
            case Said.DONE:
                return True
            case Said.IGNORED | Said.DISABLED:
                return False
            case Said.QUEUED if taken_back or self._is_taken_back(command):
                return False
            case Said.QUEUED:
                raise GatewayDown("the device keeps the lock for later, and has not said that it was taken back.")
        if record.answered_at is None and datetime.now(UTC) < over:
            raise GatewayDown("the device may still answer.")
        return self._ask_device(command)

    def _took_back(self, command: Command, record: CommandRecord) -> bool:
        return record.answer is not None and read_answer(record.answer, OrderKind.RELEASE, command.relay) is Said.DONE

    def _ask_device(self, command: Command) -> bool:
        """Nobody knows what became of the command: what the output says now. Off may mean that it waits in the device,
        so it is taken back, which does no harm to a relay that does not hold.
        """
        ids = self._mailbox.ask([command.relay.device_uid], READ_OUTPUTS, lifetime=_TAKE_BACK_LIFETIME)
        record = self._mailbox.wait(ids, within_s=_TAKE_BACK_LIFETIME.total_seconds())[ids[0]]
        self._mailbox.forget(ids)
        is_on = None if record.answer is None else read_output(record.answer, command.relay.output)
        if is_on is None:
            raise GatewayDown("the device was told, did not answer, and does not tell its outputs either.")
        if (is_on is not command.relay.inverted) is (command.kind is OrderKind.IMMOBILIZE):
            return True
        if command.kind is OrderKind.RELEASE or self._is_taken_back(command):
            return False
        raise GatewayDown("the relay does not hold, but the device has not said that it forgets the lock.")


def _tell_outputs(record: CommandRecord, relay: Relay) -> Outputs | None:
    if record.answer is None or record.taken_at is None:
        return None
    is_on = read_output(record.answer, relay.output)
    return None if is_on is None else Outputs(int(is_on) << (relay.output - 1), record.taken_at)


def _why_silent(record: CommandRecord) -> str:
    if record.problem is Problem.UNANSWERED:
        return "The device was told, and did not answer. It may have done it or not."
    return "The device gateway took the command, and did not say what became of it."
