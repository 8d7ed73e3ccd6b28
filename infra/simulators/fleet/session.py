"""The tracker's TCP session with the product: log in, send, keep until acknowledged, come back."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from random import Random

from infra.simulators.fleet import ips
from infra.simulators.fleet.record import Record
from infra.simulators.fleet.tracker import Tracker

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 30.0
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 20.0
REFUSED_RETRY_S = 60.0
LOOK_AT_RADIO_EVERY_S = 5.0
KEEP_RECORDS = 20_000
BOX_FROM = 3
BOX_RECORDS = 50
CHECKSUM_ERROR = "16"


@dataclass(slots=True)
class Counts:
    """What all sessions have done together. `refused`: answered with an error code and given up."""

    connected: int = 0
    frames: int = 0
    acknowledged: int = 0
    refused: int = 0
    waiting: int = 0


class LoginRefused(Exception):
    """The product does not know this device or its key."""


class Session:
    """One device's side of the conversation. Records wait here until the product says it has them."""

    def __init__(
        self,
        tracker: Tracker,
        *,
        uid: str,
        key: str,
        server: tuple[str, int],
        counts: Counts,
        rng: Random,
    ) -> None:
        self._tracker = tracker
        self._uid, self._key = uid, key
        self._server = server
        self._counts = counts
        self._rng = rng
        # Both habits exist in the field, so both must be met by the product.
        self._has_black_box = rng.random() < 0.5
        self._records: deque[Record] = deque()
        self._news = asyncio.Event()
        self._one_by_one = 0
        self._failures = 0
        tracker.listen(self._keep)

    async def run(self, *, after_s: float = 0.0) -> None:
        """Begin after a while and hold a conversation for ever."""
        await asyncio.sleep(after_s)
        while True:
            try:
                await self._converse()
            except LoginRefused as refusal:
                log.warning("%s", refusal)
                await asyncio.sleep(self._rng.uniform(0.5, 1.0) * REFUSED_RETRY_S)
            except (OSError, EOFError, ValueError, TimeoutError):
                self._failures += 1
            await asyncio.sleep(self._pause_s())

    def _keep(self, record: Record) -> None:
        if len(self._records) >= KEEP_RECORDS:
            self._records.popleft()
        else:
            self._counts.waiting += 1
        self._records.append(record)
        self._news.set()

    def _pause_s(self) -> float:
        """Exponential with full jitter, so that five hundred devices do not come back in one instant."""
        ceiling = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self._failures, 10))
        return self._rng.uniform(ceiling / 4, ceiling)

    async def _converse(self) -> None:
        while not self._tracker.reachable:
            await asyncio.sleep(1)
        async with asyncio.timeout(ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_connection(*self._server)
        connected = False
        try:
            await self._log_in(reader, writer)
            connected = True
            self._counts.connected += 1
            self._failures = 0
            await self._talk(reader, writer)
        finally:
            self._counts.connected -= connected
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Report for as long as the radio reaches the product."""
        while self._tracker.reachable:
            await self._send_what_waits(reader, writer)

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ips.login(self._uid, self._key))
        answer = await self._answer(reader, writer, "AL")
        if answer != "1":
            raise LoginRefused(f"Device {self._uid} was refused at login: #AL#{answer}")

    async def _send_what_waits(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._records:
            self._news.clear()
            try:
                # Not wait_for: until Python 3.12 it forgets that it was cancelled when both come at once.
                async with asyncio.timeout(LOOK_AT_RADIO_EVERY_S):
                    await self._news.wait()
            except TimeoutError:
                return
        if self._has_black_box and len(self._records) >= BOX_FROM and not self._one_by_one:
            await self._send_box(reader, writer)
        else:
            await self._send_one(reader, writer)

    async def _send_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ips.data(self._records[0]))
        self._counts.frames += 1
        answer = await self._answer(reader, writer, "AD")
        if answer == CHECKSUM_ERROR:
            raise ConnectionError("a frame arrived damaged; it is sent again on a new connection")
        self._done(1, accepted=answer == "1")
        self._one_by_one = max(0, self._one_by_one - 1)

    async def _send_box(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        box = [self._records[i] for i in range(min(BOX_RECORDS, len(self._records)))]
        writer.write(ips.black_box(box))
        self._counts.frames += 1
        stored = int(await self._answer(reader, writer, "AB"))
        if stored == len(box):
            self._done(len(box), accepted=True)
        else:
            # The answer counts but does not name: ask for each record by itself.
            self._one_by_one = len(box)

    def _done(self, count: int, *, accepted: bool) -> None:
        for _ in range(count):
            self._records.popleft()
        self._counts.waiting -= count
        if accepted:
            self._counts.acknowledged += count
        else:
            self._counts.refused += count

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, expected: str) -> str:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while True:
                line = await reader.readuntil(b"\n")
                kind, text = ips.parse_answer(line)
                if kind == expected:
                    return text
                if kind == "M":
                    writer.write(ips.message_received())
