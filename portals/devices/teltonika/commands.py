"""Commands to a device and what it says back: Codec 12, 13 and 14."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from core.telemetry.schemas import Point, RefusedReading
from portals.devices.conversation import CannotCommand, Good, Unreadable
from portals.devices.teltonika.frames import frame

GIVEN, TIMED, ADDRESSED = 0x0C, 0x0D, 0x0E
COMMAND, RESPONSE, NOT_MINE = 0x05, 0x06, 0x11
COMMAND_LENGTH = 512
TEXT_LENGTH = 2_000

_HEAD = struct.Struct(">BBBI")  # codec, number of messages, type, length of the payload
_TIME = struct.Struct(">I")
_IMEI_BYTES = 8


class Message(NamedTuple):
    """What a device or a server says. `at` only in Codec 13, `imei` only in Codec 14.

    `kind` is COMMAND, RESPONSE, or NOT_MINE: the device has another IMEI than the command was for.
    """

    codec: int
    kind: int
    text: str
    at: datetime | None = None
    imei: str | None = None


class TextRecord:
    """A text that nobody asked for: a point of its moment that holds only the text. It is not answered."""

    __slots__ = ("bad", "good")

    def __init__(self, text: str, ts: datetime, raw: bytes) -> None:
        self.good = (Good(Point(ts=ts, extra={"text": text}), raw),)
        self.bad = ()

    def answer(self, refused: Sequence[RefusedReading]) -> bytes:
        """Nothing: the device does not wait for one."""
        return b""


def encode_command(text: str) -> bytes:
    """The whole frame that gives a command by Codec 12. Raises CannotCommand for a text no device could read."""
    if not (text.isascii() and text.isprintable() and 0 < len(text) <= COMMAND_LENGTH):
        raise CannotCommand(f"A command is 1 to {COMMAND_LENGTH} printable ASCII characters, not {text[:40]!r}.")
    return frame(_HEAD.pack(GIVEN, 1, COMMAND, len(text)) + text.encode() + b"\x01")


def decode_message(content: bytes) -> Message:
    """The message in a frame's content of one of the three codecs. Raises Unreadable."""
    try:
        codec, number, kind, length = _HEAD.unpack_from(content)
    except struct.error:
        raise Unreadable("a command frame ends before its text", reason="wrong length") from None
    payload = content[_HEAD.size : -1]
    if number != 1 or content[-1] != 1 or len(payload) != length:
        raise Unreadable(f"a command frame must hold one message of {length} bytes", reason="wrong length")
    at, imei = None, None
    try:
        if codec == TIMED:
            at = datetime.fromtimestamp(_TIME.unpack_from(payload)[0], UTC)
            payload = payload[_TIME.size :]
        elif codec == ADDRESSED:
            imei = payload[:_IMEI_BYTES].hex().removeprefix("0")
            payload = payload[_IMEI_BYTES:]
    except struct.error:
        raise Unreadable("a command frame ends before its time", reason="wrong length") from None
    return Message(codec, kind, _text(payload), at, imei)


def _text(payload: bytes) -> str:
    """Text that any store can hold, without its line end."""
    text = payload.rstrip(b"\r\n\0 ").decode("ascii", "backslashreplace")
    return text.replace("\0", "\\x00")[:TEXT_LENGTH]
