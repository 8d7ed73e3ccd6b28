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
    """Devices that report every five seconds; `sent` has the moment at which each fix left, seconds since 1970.

    `points` are told in one packet, spread over the time since the packet before; the last happens as it leaves.
    """

    def __init__(
        self, port: int, vehicle_ids: dict[str, int], keys: dict[str, str], *, every_s: float = EVERY_S, points: int = 1
    ) -> None:
        self._port, self._vehicle_ids, self._keys = port, vehicle_ids, keys
        self._every_s, self._points = every_s, points
        self.sent: dict[Fix, float] = {}

    async def report(self) -> None:
        """Report until cancelled, the devices spread over the interval."""
        async with asyncio.TaskGroup() as devices:
            for place, uid in enumerate(self._vehicle_ids):
                devices.create_task(self._live(uid, after_s=place * self._every_s / len(self._vehicle_ids)))

    async def _live(self, uid: str, *, after_s: float) -> None:
        await asyncio.sleep(after_s)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        if await _ask(reader, writer, f"#L#{uid};{self._keys[uid]}") != "#AL#1":
            raise CannotStart(f"The gateway does not know the device {uid} of the measurement.")
        next_at = time.monotonic()
        while True:
            await _ask(reader, writer, self._packet(self._vehicle_ids[uid]))
            next_at += self._every_s
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))

    def _packet(self, vehicle_id: int) -> str:
        now_ms = int(time.time() * 1000) if self._points > 1 else int(time.time()) * 1000
        self.sent[vehicle_id, now_ms] = time.time()
        step_ms = int(self._every_s * 1000) // self._points
        records = [_record(now_ms - step_ms * back, vehicle_id) for back in reversed(range(self._points))]
        return f"#D#{records[0]}" if self._points == 1 else f"#B#{'|'.join(records)}"


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> str:
    writer.write(f"{line}\r\n".encode())
    async with asyncio.timeout(ANSWER_S):
        return (await reader.readuntil(b"\r\n")).decode().strip()


def _record(ms: int, vehicle_id: int) -> str:
    """A `D` record of Wialon IPS 1.1: a car that goes up and down a street of its own at about 67 km/h, so that its
    marker moves, and with numbers that no two cars share, so that they do not compress as one.
    """
    at = datetime.fromtimestamp(ms / 1000, UTC)
    way = ms / 1000 + vehicle_id * 37.3
    minutes = 46 + abs(way % 200 - 100) / 100
    fraction = f".{ms % 1000:03d}" if ms % 1000 else ""
    east = 20 + vehicle_id * 0.0117 % 10
    speed, course = 60 + int(way * 7) % 15, 90 + int(way * 3) % 40
    return (
        f"{at:%d%m%y;%H%M%S}{fraction};37{minutes:07.4f};N;122{east:07.4f};W;{speed};{course};15;9;0.9;NA;0;;NA;ign:1:1"
    )
