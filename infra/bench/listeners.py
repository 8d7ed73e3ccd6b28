"""Hundreds of boards without a browser: websockets that agree to compression, as browsers do, and note what they hear.

What the same text says is worked out once, however many hear it: on a machine shared with the product three hundred
decoders would be the measurement.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
import zlib
from collections import defaultdict
from urllib.parse import urlsplit

import orjson

from infra.bench.trackers import Fix
from infra.errors import CannotStart

OPEN_S = 60.0
_TAIL = b"\x00\x00\xff\xff"
_PONG = b"\x8a\x80" + bytes(4)


class Heard:
    """What all listeners together heard: when each message arrived at each of them, and which fixes it brought."""

    def __init__(self) -> None:
        self.arrivals: dict[int, list[float]] = defaultdict(list)
        self.fixes: dict[int, list[tuple[Fix, int]]] = {}
        self.opened = self.bytes = self.messages = self.snapshots = self.closed = 0
        self.measures = False

    async def wait_for(self, listeners: int) -> None:
        """Until so many hear. Raises CannotStart when that takes too long."""
        deadline = time.monotonic() + OPEN_S
        while self.opened < listeners:
            if time.monotonic() > deadline:
                raise CannotStart(f"Of {listeners} websockets {self.opened} were opened in {OPEN_S:.0f} s.")
            await asyncio.sleep(0.1)

    def note(self, text: bytes, at: float, length: int) -> None:
        """A message of `length` bytes on the wire that one listener got now."""
        if not self.measures:
            return
        self.bytes += length
        self.messages += 1
        key = hash(text)
        if key not in self.fixes:
            message = orjson.loads(text)
            self.snapshots += message["type"] == "snapshot"
            rows = message.get("vehicles", ()) if message["type"] == "delta" else ()
            self.fixes[key] = [
                ((row["vehicle_id"], row["ts"]), row["received_at"])
                for row in rows
                if row.get("ts") and row.get("received_at")
            ]
        self.arrivals[key].append(at)


async def listen(url: str, cookie: str, heard: Heard) -> None:
    """Hear a websocket until cancelled."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 24)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: http://{parts.netloc}\r\n"
        f"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        f"Cookie: erp_session={cookie}\r\n\r\n".encode()
    )
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in answer.split(b"\r\n", 1)[0]:
        raise CannotStart(f"The websocket was answered {answer[:60]!r}.")
    heard.opened += 1
    try:
        await _hear(reader, writer, heard)
    except (asyncio.IncompleteReadError, ConnectionError):
        heard.closed += 1
    finally:
        writer.close()


async def _hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard) -> None:
    window = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    while True:
        first, second = await reader.readexactly(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
        payload = await reader.readexactly(length)
        match first & 0x0F:
            case 1:
                at = time.time()
                text = window.decompress(payload + _TAIL) if first & 0x40 else payload
                heard.note(text, at, length)
            case 9:
                writer.write(_PONG)
            case 8:
                heard.closed += 1
                return
            case _:
                pass
