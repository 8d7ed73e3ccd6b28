"""Websocket frames of text, made once and written to any number of sockets.

A server's frames are not masked (RFC 6455, 5.1), so those of one message are the same for every browser. Compressed
ones too, when each is compressed by itself: a compressor may forget what it sent before whenever it likes (RFC 7692,
7.1.1.1 permits the window to be kept, and demands nothing).
"""

from __future__ import annotations

import struct
import zlib

_FINAL_TEXT = 0x81
_COMPRESSED = 0x40
# What ends every compressed message and is left out on the way (RFC 7692, 7.2.1).
_TAIL = b"\x00\x00\xff\xff"
# Below this a compressed message is hardly shorter.
_WORTH_IT = 200


def plain_frame(text: bytes) -> bytes:
    """A whole text message in one frame (RFC 6455, 5.2)."""
    return _header(_FINAL_TEXT, len(text)) + text


def deflated_frame(text: bytes) -> bytes:
    """The same for a browser that agreed to permessage-deflate (RFC 7692)."""
    if len(text) < _WORTH_IT:
        return plain_frame(text)
    compressor = zlib.compressobj(level=1, wbits=-zlib.MAX_WBITS)
    packed = (compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)
    return _header(_FINAL_TEXT | _COMPRESSED, len(packed)) + packed


def may_deflate(offered: str) -> bool:
    """Whether the browser's `Sec-WebSocket-Extensions` offers deflate as the server accepts it, with a whole window."""
    return "permessage-deflate" in offered and "server_max_window_bits" not in offered


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)
