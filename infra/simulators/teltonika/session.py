"""The tracker's TCP session with the product: announce, report, and do as told meanwhile."""

from __future__ import annotations

import asyncio
from random import Random

from infra.simulators.fleet.session import ANSWER_WITHIN_S, Counts, LoginRefused, Session
from infra.simulators.teltonika import codec
from infra.simulators.teltonika.device import Device

RECORDS_AT_ONCE = 20
LOOK_AT_RADIO_EVERY_S = 0.5
ACCEPTED = b"\x01"


class TeltonikaSession(Session):
    """One device's side. As with every session, records wait here until the product says it has them."""

    def __init__(self, device: Device, *, server: tuple[str, int], counts: Counts, rng: Random) -> None:
        super().__init__(device.unit.tracker, uid=device.unit.device_uid, key="", server=server, counts=counts, rng=rng)
        self._device = device
        self._answers: asyncio.Queue[int]

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(codec.announce(self._uid))
        async with asyncio.timeout(ANSWER_WITHIN_S):
            if await reader.readexactly(1) != ACCEPTED:
                raise LoginRefused(f"Device {self._uid} was refused: the product knows no such IMEI.")

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._answers = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(reader, writer, tasks))
                tasks.create_task(self._report(writer))
        except* (OSError, EOFError, ValueError, TimeoutError) as problems:
            raise ConnectionError(f"device {self._uid}: {problems.exceptions[0]}") from problems

    async def _report(self, writer: asyncio.StreamWriter) -> None:
        while self._tracker.reachable:
            if not self._records:
                await self._wait_for_news()
                continue
            some = [self._records[i] for i in range(min(RECORDS_AT_ONCE, len(self._records)))]
            writer.write(codec.records(some))
            self._counts.frames += 1
            async with asyncio.timeout(ANSWER_WITHIN_S):
                taken = await self._answers.get()
            if taken != len(some):
                raise ConnectionError(f"{taken} of {len(some)} records were taken")
            self._done(taken, accepted=True)
        raise ConnectionError("out of reach")

    async def _wait_for_news(self) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(LOOK_AT_RADIO_EVERY_S):
                await self._news.wait()
        except TimeoutError:
            return

    async def _listen(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tasks: asyncio.TaskGroup
    ) -> None:
        """The product says how many records it has, or a command: that begins with a preamble of zeros."""
        while True:
            begin = await reader.readexactly(len(codec.PREAMBLE))
            if begin != codec.PREAMBLE:
                self._answers.put_nowait(int.from_bytes(begin, "big"))
                continue
            length = int.from_bytes(await reader.readexactly(4), "big")
            content = await reader.readexactly(length)
            checksum = int.from_bytes(await reader.readexactly(4), "big")
            tasks.create_task(self._obey(codec.read_command(content, checksum), writer))

    async def _obey(self, text: str, writer: asyncio.StreamWriter) -> None:
        for answer in await self._device.obey(text):
            writer.write(codec.response(answer))
