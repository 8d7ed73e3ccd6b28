"""One datagram of a Teltonika tracker: a packet of its UDP channel with a frame's content and no checksum."""

from __future__ import annotations

import struct
from datetime import datetime

from portals.devices.conversation import Fitted, Unreadable
from portals.devices.teltonika.frames import COMMAND_CODECS
from portals.devices.teltonika.records import AvlRecords, read_records

# length of what follows, packet id, a byte that is 1, AVL packet id, length of the IMEI
_HEAD = struct.Struct(">HHBBH")
_LENGTH_BYTES = 2
_IMEI_BYTES = 32
_ANSWER = struct.Struct(">HHBBB")


class TeltonikaDatagram:
    """See `Datagram`."""

    def __init__(self, device_uid: str, packet_id: int, avl_packet_id: int, content: bytes) -> None:
        self.device_uid = device_uid
        self._packet_id = packet_id
        self._avl_packet_id = avl_packet_id
        self._content = content

    def read(self, fitted: Fitted, received_at: datetime) -> AvlRecords:
        """Its records. Raises Unreadable."""
        if self._content[0] in COMMAND_CODECS:
            raise Unreadable("commands are answered over TCP only")
        return read_records(self._content, family=fitted.family, answer=self._accepted)

    def _accepted(self, number: int) -> bytes:
        return _ANSWER.pack(_ANSWER.size - _LENGTH_BYTES, self._packet_id, 1, self._avl_packet_id, number)


def open_datagram(data: bytes) -> TeltonikaDatagram:
    """Whose it is. Raises Unreadable."""
    if len(data) < _HEAD.size:
        raise Unreadable("a datagram ends in its head", reason="wrong length")
    length, packet_id, one, avl_packet_id, imei_length = _HEAD.unpack_from(data)
    imei = data[_HEAD.size : _HEAD.size + imei_length]
    content = data[_HEAD.size + imei_length :]
    if length != len(data) - _LENGTH_BYTES or one != 1 or imei_length > _IMEI_BYTES or len(content) < 3:
        raise Unreadable("the lengths of a datagram do not fit it", reason="wrong length")
    if not imei.isalnum():
        raise Unreadable(f"an IMEI must be digits or letters: {imei.hex()}")
    return TeltonikaDatagram(imei.decode(), packet_id, avl_packet_id, content)
