"""One packet (a line without its end) to what the device means by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from core.telemetry.schemas import Point, RefusedReading
from portals.devices.conversation import Good, Ping, Unreadable
from portals.devices.crc16 import crc16
from portals.devices.wialon_ips import answers
from portals.devices.wialon_ips.faults import Fault, Malformed
from portals.devices.wialon_ips.fields import MISSING
from portals.devices.wialon_ips.records import FULL, SHORT, read_record

RAW_LENGTH = 4_096
BLACK_BOX_RECORDS = 2_000  # more than 64 KiB of real records can be
LOGIN_FIELD_LENGTH = 128
MESSAGE_LENGTH = 2_000
_TICK = timedelta(microseconds=1)


class SignedLogin(NamedTuple):
    """Who the device says it is. `checksummed` (2.0): everything after it carries a CRC16."""

    device_uid: str
    key: str | None
    checksummed: bool


class Bad(NamedTuple):
    """A record that did not."""

    fault: Fault
    detail: str
    raw: str


@dataclass(slots=True)
class Records:
    """The content of one SD, D, B or M packet; it gets one answer."""

    kind: str
    good: list[Good] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)

    def answer(self, refused: Sequence[RefusedReading]) -> bytes:
        """What became of it. The first thing wrong with it is named."""
        fault = answers.fault_of(refused[0].rule) if refused else self.bad[0].fault if self.bad else None
        return answers.to_records(self.kind, len(self.good) - len(refused), fault)


def decode(packet: bytes, *, checksummed: bool, received_at: datetime) -> SignedLogin | Ping | Records:
    """Read one packet as version 1.1, or as 2.0 when `checksummed`. A login says its version itself.

    `received_at` stands in for the time of records without one. Raises Unreadable, and nothing else.
    """
    text = _printable(packet)
    _, kind, body = text.split("#", 2) if text.startswith("#") and text.count("#") > 1 else ("", "", "")
    if kind == "L":
        return _read_login(packet[3:], body)
    if kind == "P":
        return Ping(answers.PONG)
    if kind not in _READERS:
        raise Unreadable(f"not a packet this gateway reads: {text[:60]!r}")
    records = Records(kind)
    try:
        if checksummed:
            body = _verified(packet[len(kind) + 2 :], body, "|" if kind == "B" else ";")
        _READERS[kind](records, body, text, received_at)
    except Malformed as problem:
        records.bad.append(_bad(problem, text))
    return records


def _read_login(signed: bytes, body: str) -> SignedLogin:
    fields = body.split(";")
    checksummed = len(fields) == 4 and fields[0].startswith("2.")
    if checksummed:
        try:
            _verified(signed, body, ";")
        except Malformed as problem:
            raise Unreadable(problem.detail, answers.LOGIN_WRONG_CHECKSUM) from None
        fields = fields[1:3]
    if len(fields) != 2 or not fields[0] or max(map(len, fields)) > LOGIN_FIELD_LENGTH:
        raise Unreadable(f"the login has a wrong form: {body[:30]!r}", answers.LOGIN_REFUSED)
    device_uid, key = fields
    return SignedLogin(device_uid, None if key in MISSING else key, checksummed)


def _read_one(lengths: tuple[int, ...]) -> Callable[[Records, str, str, datetime], None]:
    def read(records: Records, body: str, text: str, received_at: datetime) -> None:
        records.good.append(Good(read_record(body.split(";"), lengths, received_at), text[:RAW_LENGTH]))

    return read


def _read_black_box(records: Records, body: str, text: str, received_at: datetime) -> None:
    """Each record by itself: a bad one costs nobody else.

    Records without a time are told apart by a microsecond each, or they would count as one.
    The raw text of each is a black box of one, so it can be sent again as it is kept.
    """
    if body.count("|") > BLACK_BOX_RECORDS:
        raise Malformed(Fault.STRUCTURE, f"a black box may hold {BLACK_BOX_RECORDS} records.")
    for record in body.split("|"):
        if record:
            raw = f"#B#{record}"
            try:
                point = read_record(record.split(";"), (SHORT, FULL), received_at)
                records.good.append(Good(point, raw[:RAW_LENGTH]))
            except Malformed as problem:
                records.bad.append(_bad(problem, raw))
            received_at += _TICK


def _read_message(records: Records, body: str, text: str, received_at: datetime) -> None:
    """A text from the driver or the answer to a command: a point of that moment that holds only the text."""
    if not body:
        raise Malformed(Fault.STRUCTURE, "the message is empty.")
    point = Point(ts=received_at, extra={"text": body[:MESSAGE_LENGTH]})
    records.good.append(Good(point, text[:RAW_LENGTH]))


_READERS = {
    "D": _read_one((FULL,)),
    "SD": _read_one((SHORT,)),
    "B": _read_black_box,
    "M": _read_message,
}


def _printable(packet: bytes) -> str:
    """Text that any store can hold: bytes that are not UTF-8, and zero bytes, are written out as escapes."""
    text = packet.decode("utf-8", "backslashreplace")
    return text.replace("\0", "\\x00") if "\0" in text else text


def _verified(signed: bytes, body: str, separator: str) -> str:
    """The body without its checksum, which covers every byte before it: compared as numbers, any spelling."""
    content, found, checksum = body.rpartition(separator)
    try:
        sent = int(checksum, 16) if found and len(checksum) <= 6 else -1
    except ValueError:
        sent = -1
    if sent != crc16(signed[: len(signed) - len(checksum)]):
        raise Malformed(Fault.CHECKSUM, f"the checksum {checksum[:10]!r} is wrong; send the packet again.")
    return content


def _bad(problem: Malformed, raw: str) -> Bad:
    return Bad(problem.fault, problem.detail, raw[:RAW_LENGTH])
