"""One connection of a tracker that speaks Wialon IPS over TCP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from portals.devices.conversation import CannotCommand, Fitted, Login, Packet
from portals.devices.wialon_ips import answers
from portals.devices.wialon_ips.frames import FrameSplitter
from portals.devices.wialon_ips.packets import SignedLogin, decode

SOURCE = "wialon_ips"


class WialonConversation:
    """See `Conversation`. The login says the version; from 2.0 on, every packet carries a checksum."""

    source = SOURCE
    not_logged_in = answers.LOGIN_REFUSED

    def __init__(self, max_bytes: int) -> None:
        self._splitter = FrameSplitter(max_bytes)
        self._checksummed = False

    @property
    def waiting(self) -> int:
        """Bytes that are here and not yet given back."""
        return self._splitter.waiting

    def feed(self, data: bytes | memoryview) -> None:
        """Add what has arrived."""
        self._splitter.feed(data)

    def next_packet(self, now: Callable[[], datetime]) -> Packet | None:
        """The next whole packet, or None until more arrives. Raises Unreadable."""
        frame = self._splitter.next_packet()
        if frame is None:
            return None
        packet = decode(frame, checksummed=self._checksummed, received_at=now())
        if isinstance(packet, SignedLogin):
            self._checksummed = packet.checksummed
            return Login(packet.device_uid, packet.key)
        return packet

    def welcome(self, fitted: Fitted) -> bytes:
        """The login is accepted."""
        return answers.LOGIN_OK

    def refuse(self, *, wrong_key: bool) -> bytes:
        """The login is refused."""
        return answers.LOGIN_WRONG_KEY if wrong_key else answers.LOGIN_REFUSED

    def command(self, text: str) -> bytes:
        """The protocol has no packet that a device would answer."""
        raise CannotCommand("Wialon IPS has no command that a device answers.")
