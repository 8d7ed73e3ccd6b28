"""What a protocol is to the gateway: bytes in, packets out, answers as bytes. No sockets, no clock, no database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from core.telemetry.schemas import Point, RefusedReading

UNKNOWN_VEHICLE = "unknown_vehicle"
Raw = str | bytes
"""A record as it came: text, or the bytes of a binary protocol."""


class Fitted(NamedTuple):
    """The vehicle that a device is in, and the device's family, where one maker numbers its values differently."""

    vehicle_id: int
    family: str | None = None


class Login(NamedTuple):
    """Who the device says it is, and the key it shows."""

    device_uid: str
    key: str | None


class Ping(NamedTuple):
    """Still there. `answer` is owed in turn; it may be empty."""

    answer: bytes


class Good(NamedTuple):
    """A record that became a point, and what it came from."""

    point: Point
    raw: Raw


class Bad(Protocol):
    """A record that did not: what is wrong with it, and what it came from."""

    @property
    def detail(self) -> str: ...

    @property
    def raw(self) -> Raw: ...


class Records(Protocol):
    """What one packet brought. It is stored as one, and answered as one when it is durable."""

    @property
    def good(self) -> Sequence[Good]: ...

    @property
    def bad(self) -> Sequence[Bad]: ...

    def answer(self, refused: Sequence[RefusedReading]) -> bytes:
        """What to say once it is durable; `refused` are those of its points that failed a quality rule."""
        ...


class Reply(NamedTuple):
    """A text of the device: the answer to the command it was last given, or, if it was given none, `unasked`."""

    text: str
    unasked: Records


class Unreadable(Exception):
    """The conversation cannot go on. `answer` is the last thing to say before closing; it may be empty.

    `reason` is short and one of few: what is counted.
    """

    def __init__(self, detail: str, answer: bytes = b"", *, reason: str = "unreadable") -> None:
        super().__init__(detail)
        self.detail = detail
        self.answer = answer
        self.reason = reason


class CannotCommand(Exception):
    """A command cannot be given this way: the protocol has none, or not this text."""


Packet = Login | Ping | Records | Reply


class Conversation(Protocol):
    """The device's side of one connection. The session owns it, asks it for packets and says what it answers.

    `source` names the protocol where readings are counted. `not_logged_in` is said to data before a login.
    """

    source: str
    not_logged_in: bytes

    @property
    def waiting(self) -> int:
        """Bytes that are here and not yet given back."""
        ...

    def feed(self, data: bytes | memoryview) -> None:
        """Add what has arrived."""
        ...

    def next_packet(self, now: Callable[[], datetime]) -> Packet | None:
        """The next whole packet, or None until more arrives. `now` stands in for the time of records without one.

        Raises Unreadable, and nothing else.
        """
        ...

    def welcome(self, fitted: Fitted) -> bytes:
        """The device may stay: what to say, and by what to read it from now on."""
        ...

    def refuse(self, *, wrong_key: bool) -> bytes:
        """The device may not stay: what to say to it, because its key is wrong or because nobody knows it."""
        ...

    def command(self, text: str) -> bytes:
        """A command to the device. Raises CannotCommand."""
        ...


class Datagram(Protocol):
    """One datagram, opened as far as whose it is. Nobody logs in over UDP: every one names its device."""

    device_uid: str

    def read(self, fitted: Fitted, received_at: datetime) -> Ping | Records:
        """What it holds. Raises Unreadable, and nothing else."""
        ...
