"""One connection of a Teltonika tracker over TCP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from portals.devices.conversation import Fitted, Login, Packet, Reply, Unreadable
from portals.devices.teltonika import commands
from portals.devices.teltonika.frames import COMMAND_CODECS, REFUSED, Announcement, FrameSplitter
from portals.devices.teltonika.records import read_records

SOURCE = "teltonika"
_ACCEPTED = b"\x01"


class TeltonikaConversation:
    """See `Conversation`. A device says its IMEI and is answered a byte; it has no key to show."""

    source = SOURCE
    not_logged_in = b""

    def __init__(self) -> None:
        self._splitter = FrameSplitter()
        self._family: str | None = None

    @property
    def waiting(self) -> int:
        """Bytes that are here and not yet given back."""
        return self._splitter.waiting

    def feed(self, data: bytes | memoryview) -> None:
        """Add what has arrived."""
        self._splitter.feed(data)

    def next_packet(self, now: Callable[[], datetime]) -> Packet | None:
        """The next whole packet, or None until more arrives. Raises Unreadable."""
        frame = self._splitter.next_frame()
        if frame is None:
            return None
        if isinstance(frame, Announcement):
            return Login(frame.imei, None)
        if frame[0] in COMMAND_CODECS:
            return _read_message(frame, now)
        return read_records(frame, family=self._family, answer=_accepted)

    def welcome(self, fitted: Fitted) -> bytes:
        """The device may send records; its family says what their values mean."""
        self._family = fitted.family
        return _ACCEPTED

    def refuse(self, *, wrong_key: bool) -> bytes:
        """The device is not taken in."""
        return REFUSED

    def command(self, text: str) -> bytes:
        """A command by Codec 12."""
        return commands.encode_command(text)


def _accepted(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _read_message(content: bytes, now: Callable[[], datetime]) -> Packet:
    message = commands.decode_message(content)
    if message.kind == commands.COMMAND:
        raise Unreadable("a device gave a command")
    text = message.text if message.kind == commands.RESPONSE else f"type {message.kind}: {message.text}"
    unasked = commands.TextRecord(text, message.at or now(), content)
    return unasked if message.codec == commands.TIMED else Reply(text, unasked)
