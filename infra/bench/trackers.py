"""Trackers of the measurement itself: they know to the millisecond when each of their fixes left."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from infra.errors import CannotStart

EVERY_S = 5.0
ANSWER_S = 30.0

Fix = tuple[int, int]  # vehicle, device time in ms since 1970


class Trackers:
    """Devices that report every five seconds; `sent` has the moment at which each fix left, seconds since 1970."""

    def __init__(self, port: int, vehicle_ids: dict[str, int], keys: dict[str, str]) -> None:
        self._port, self._vehicle_ids, self._keys = port, vehicle_ids, keys
        self.sent: dict[Fix, float] = {}

    async def report(self) -> None:
        """Report until cancelled, the devices spread over the interval."""
        async with asyncio.TaskGroup() as devices:
            for place, uid in enumerate(self._vehicle_ids):
                devices.create_task(self._live(uid, after_s=place * EVERY_S / len(self._vehicle_ids)))

    async def _live(self, uid: str, *, after_s: float) -> None:
        await asyncio.sleep(after_s)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        if await _ask(reader, writer, f"#L#{uid};{self._keys[uid]}") != "#AL#1":
            raise CannotStart(f"The gateway does not know the device {uid} of the measurement.")
        next_at = time.monotonic()
        while True:
            ts = int(time.time())
            self.sent[self._vehicle_ids[uid], ts * 1000] = time.time()
            await _ask(reader, writer, f"#D#{_record(ts)}")
            next_at += EVERY_S
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> str:
    writer.write(f"{line}\r\n".encode())
    async with asyncio.timeout(ANSWER_S):
        return (await reader.readuntil(b"\r\n")).decode().strip()


def _record(ts: int) -> str:
    """A `D` record of Wialon IPS 1.1: a car that goes up and down a street at 67 km/h, so that its marker moves."""
    at = datetime.fromtimestamp(ts, UTC)
    minutes = 46 + abs(ts % 200 - 100) / 100
    return f"{at:%d%m%y;%H%M%S};37{minutes:07.4f};N;12225.1520;W;67;90;15;9;0.9;NA;0;;NA;ign:1:1"
