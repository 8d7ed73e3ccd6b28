"""A recording through the device port: each vehicle a tracker that speaks Wialon IPS 1.1."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.config import Config
from infra.errors import CannotStart
from infra.replay.recording import Record, number

# A vehicle waits for each answer before it sends the next record, as trackers do; after this it connects again.
ANSWER_S = 30.0


async def play_devices(
    config: Config, records: list[Record], keys: dict[str, str], *, shift: timedelta, speed: float
) -> Counter[str]:
    """Send every vehicle's records at their times over its own connection; counts the answers."""
    by_device: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_device[record.device_uid].append(record)
    answers: Counter[str] = Counter()
    clock = _Clock(records[0].ts, speed)
    async with asyncio.TaskGroup() as devices:
        for device_uid, own in by_device.items():
            device = _Device(config.ips_port, device_uid, keys[device_uid], clock, answers)
            devices.create_task(device.play([(record.ts, _frame(record, shift)) for record in own]))
    return answers


class _Clock:
    """The recording's time, running `speed` times as fast as ours."""

    def __init__(self, first: datetime, speed: float) -> None:
        self._first, self._speed, self._began = first, speed, time.monotonic()

    async def reach(self, ts: datetime) -> None:
        """Wait until the recording's time is `ts`."""
        wait_s = (ts - self._first).total_seconds() / self._speed - (time.monotonic() - self._began)
        if wait_s > 0:
            await asyncio.sleep(wait_s)


class _Device:
    """A tracker that speaks Wialon IPS 1.1: logs in, sends a record, waits for the answer, sends the next."""

    def __init__(self, port: int, uid: str, key: str, clock: _Clock, answers: Counter[str]) -> None:
        self._port, self._uid, self._key, self._clock, self._answers = port, uid, key, clock, answers

    async def play(self, frames: Iterable[tuple[datetime, bytes]]) -> None:
        """Send every frame at its time; after a lost connection the unanswered one is sent again."""
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for ts, frame in frames:
            await self._clock.reach(ts)
            while True:
                try:
                    connection = connection or await self._connect()
                    answer = await self._say(*connection, frame)
                    break
                except (OSError, TimeoutError, asyncio.IncompleteReadError):
                    self._answers["connection lost, sent again"] += 1
                    connection = None
                    await asyncio.sleep(1)
            self._answers[answer] += 1
        if connection is not None:
            connection[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        answer = await self._say(reader, writer, f"#L#{self._uid};{self._key}\r\n".encode())
        if answer != "#AL#1":
            raise CannotStart(f"The gateway refused device {self._uid}: {answer}")
        return reader, writer

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frame: bytes) -> str:
        writer.write(frame)
        await writer.drain()
        async with asyncio.timeout(ANSWER_S):
            return (await reader.readuntil(b"\r\n")).decode().strip()


def _frame(record: Record, shift: timedelta) -> bytes:
    """A `D` record of Wialon IPS 1.1, section "Data packet" of its specification."""
    row, ts = record.row, record.ts + shift
    fields = [
        f"{ts:%d%m%y;%H%M%S}",
        _degrees(number(row.get("lat")), "NS", 2),
        _degrees(number(row.get("lon")), "EW", 3),
        *(row.get(column) or "NA" for column in ("speed_kmh", "heading_deg", "alt_m", "sats", "hdop")),
        *("NA", "NA", "", "NA"),
        _params(row),
    ]
    return f"#D#{';'.join(fields)}\r\n".encode()


def _degrees(value: float | None, hemispheres: str, digits: int) -> str:
    if value is None:
        return "NA;NA"
    whole, minutes = divmod(round(abs(value) * 60, 6), 60)
    return f"{int(whole):0{digits}d}{minutes:09.6f};{hemispheres[value < 0]}"


def _params(row: dict[str, str]) -> str:
    named = {"rpm": row.get("rpm"), "fuel_rate": row.get("fuel_rate_lph")}
    params = [f"{name}:2:{value}" for name, value in named.items() if value]
    if row.get("occupied"):
        params.append(f"occupied:1:{row['occupied']}")
    return ",".join(params) or "NA"
