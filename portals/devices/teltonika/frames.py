"""Bytes as they arrive to whole, checked frames."""

from __future__ import annotations

import struct
from typing import NamedTuple

from portals.devices.conversation import Unreadable
from portals.devices.crc16 import crc16

REFUSED = b"\x00"
DATA_BYTES = 1_300  # the vendor's largest packet has 1,280
COMMAND_BYTES = 4_096
COMMAND_CODECS = frozenset({0x0C, 0x0D, 0x0E})

_KEEP_ALIVE = 0xFF
_IMEI_BYTES = 32
_HEAD = struct.Struct(">IIB")  # preamble of zeros, length of the content, and the content's first byte: its codec
_CHECKSUM = struct.Struct(">I")
_PREAMBLE = b"\0\0\0\0"
_AROUND = 12  # bytes of a frame that are not its content
_LEAST = 3  # a codec and twice a number


class Announcement(NamedTuple):
    """The first thing a device says on a connection: its IMEI."""

    imei: str


class FrameSplitter:
    """Collects what arrives and gives back announcements and the contents of frames, from codec to second count.

    Holds at most one frame and one chunk. A frame whose length or checksum is wrong means that bytes were lost:
    after Unreadable the rest of the stream means nothing.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def waiting(self) -> int:
        """Bytes that are here and not yet given back."""
        return len(self._buffer)

    def feed(self, data: bytes | memoryview) -> None:
        """Add what has arrived."""
        self._buffer += data

    def next_frame(self) -> Announcement | bytes | None:
        """The next whole frame, or None until more arrives. A keep-alive byte between frames is skipped."""
        buffer = self._buffer
        if buffer and buffer[0] == _KEEP_ALIVE:
            del buffer[: len(buffer) - len(buffer.lstrip(b"\xff"))]
        if len(buffer) < 2:
            return None
        return self._announcement() if buffer[0] or buffer[1] else self._content()

    def _announcement(self) -> Announcement | None:
        end = 2 + int.from_bytes(self._buffer[:2], "big")
        if end > 2 + _IMEI_BYTES:
            raise Unreadable(f"neither an IMEI nor a frame: {bytes(self._buffer[:16]).hex()}", REFUSED)
        if len(self._buffer) < end:
            return None
        imei = bytes(self._buffer[2:end])
        if not imei.isalnum():
            raise Unreadable(f"an IMEI must be digits or letters: {imei.hex()}", REFUSED)
        del self._buffer[:end]
        return Announcement(imei.decode())

    def _content(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < _HEAD.size:
            if not _PREAMBLE.startswith(buffer[:4]):
                raise Unreadable("a frame must start with four zero bytes")
            return None
        preamble, length, codec = _HEAD.unpack_from(buffer)
        if preamble:
            raise Unreadable("a frame must start with four zero bytes")
        if not _LEAST <= length <= (COMMAND_BYTES if codec in COMMAND_CODECS else DATA_BYTES):
            raise Unreadable(f"a frame of codec {codec} says it is {length} bytes long", reason="wrong length")
        end = length + _AROUND
        if len(buffer) < end:
            return None
        content = bytes(buffer[8 : end - 4])
        if _CHECKSUM.unpack_from(buffer, end - 4)[0] != crc16(content):
            raise Unreadable("the checksum of a frame is wrong", reason="wrong checksum")
        del buffer[:end]
        return content


def frame(content: bytes) -> bytes:
    """The whole frame around a content."""
    return b"".join((_PREAMBLE, _CHECKSUM.pack(len(content)), content, _CHECKSUM.pack(crc16(content))))
