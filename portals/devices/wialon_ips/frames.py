"""Bytes as they arrive to whole packets."""

from __future__ import annotations

import zlib

from portals.devices.conversation import Unreadable
from portals.devices.wialon_ips import answers

COMPRESSED = b"\xff"
_HEAD = 3  # the mark, then the length in 16 bits, low byte first


class FrameSplitter:
    """Collects what arrives and gives it back packet by packet, plain and unpacked, without line ends.

    Holds at most one frame and one chunk. After Unreadable the rest of the stream means nothing.
    """

    __slots__ = ("_buffer", "_max", "_scanned")

    def __init__(self, max_bytes: int) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._max = max_bytes

    @property
    def waiting(self) -> int:
        """Bytes that are here and not yet given back."""
        return len(self._buffer)

    def feed(self, data: bytes | memoryview) -> None:
        """Add what has arrived."""
        self._buffer += data

    def next_packet(self) -> bytes | None:
        """The next whole packet, or None until more arrives. Blank lines are skipped. Raises Unreadable."""
        while self._buffer:
            packet = self._compressed() if self._buffer[:1] == COMPRESSED else self._line()
            if packet is None or packet:
                return packet
        return None

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0 and len(self._buffer) <= self._max:
            self._scanned = len(self._buffer)
            return None
        if not 0 <= end <= self._max:
            raise _oversize(bytes(self._buffer[:8]), self._max)
        return self._take(end + 1).rstrip(b"\r\n")

    def _compressed(self) -> bytes | None:
        end = _HEAD + int.from_bytes(self._buffer[1:_HEAD], "little")
        if len(self._buffer) < max(end, _HEAD):
            return None
        return unpack(self._take(end)[_HEAD:], max_bytes=self._max)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._scanned = 0
        return taken


def unpack(data: bytes, *, max_bytes: int) -> bytes:
    """The one packet in a zlib stream, without its line end. Raises Unreadable for anything else."""
    stream = zlib.decompressobj()
    try:
        packet = stream.decompress(data, max_bytes + 1)
    except zlib.error as problem:
        raise Unreadable(f"a compressed frame cannot be unpacked: {problem}") from None
    if len(packet) > max_bytes:
        raise _oversize(packet[:8], max_bytes)
    packet = packet.rstrip(b"\r\n")
    if not stream.eof or stream.unused_data or not packet or b"\n" in packet:
        raise Unreadable("a compressed frame must hold exactly one packet")
    return packet


def _oversize(start: bytes, max_bytes: int) -> Unreadable:
    kind = start.split(b"#")[1] if start.count(b"#") > 1 else b""
    answer = answers.to_unreadable(kind.decode("ascii", "replace"))
    return Unreadable(f"a frame is larger than {max_bytes} bytes", answer)
