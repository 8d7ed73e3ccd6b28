"""One datagram of a tracker that speaks Wialon IPS over UDP: `<id>#SD#…`, or from version 2.0 on `2.0;<id>#SD#…`."""

from __future__ import annotations

from datetime import datetime

from portals.devices.conversation import Fitted, Ping, Unreadable
from portals.devices.wialon_ips.frames import COMPRESSED, unpack
from portals.devices.wialon_ips.packets import LOGIN_FIELD_LENGTH, Records, SignedLogin, decode

PACKET_BYTES = 64 * 1024
_HEAD = 3  # of a compressed one: the mark, then its length


class WialonDatagram:
    """See `Datagram`. The checksum covers the packet alone, not the name before it."""

    def __init__(self, device_uid: str, packet: bytes, *, checksummed: bool) -> None:
        self.device_uid = device_uid
        self._packet = packet
        self._checksummed = checksummed

    def read(self, fitted: Fitted, received_at: datetime) -> Ping | Records:
        """What it holds. Raises Unreadable."""
        packet = decode(self._packet, checksummed=self._checksummed, received_at=received_at)
        if isinstance(packet, SignedLogin):
            raise Unreadable("a login by UDP")
        return packet


def open_datagram(data: bytes) -> WialonDatagram:
    """Whose it is; plain or compressed. Raises Unreadable."""
    if data[:1] == COMPRESSED:
        if len(data) != _HEAD + int.from_bytes(data[1:_HEAD], "little"):
            raise Unreadable("a compressed datagram has a wrong length", reason="wrong length")
        data = unpack(data[_HEAD:], max_bytes=PACKET_BYTES)
    name, mark, packet = data.rstrip(b"\r\n").partition(b"#")
    version, dot, after = name.partition(b";")
    checksummed = bool(dot) and version.startswith(b"2.")
    uid = (after if checksummed else name).decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    if not mark or not 0 < len(uid) <= LOGIN_FIELD_LENGTH or b"\n" in packet:
        raise Unreadable(f"not a datagram this gateway reads: {data[:40]!r}")
    return WialonDatagram(uid, mark + packet, checksummed=checksummed)
