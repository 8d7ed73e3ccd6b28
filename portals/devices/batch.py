"""Readings of all devices, gathered into few transactions. Nobody is answered before the commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from core.telemetry.schemas import Reading, RefusedReading
from portals.devices.conversation import UNKNOWN_VEHICLE, Raw, Records
from portals.devices.intake import Intake
from portals.devices.limits import Limits

log = logging.getLogger(__name__)

MALFORMED = "malformed"
_OUTAGE_AFTER = 3  # devices in a row of which none could be stored alone: then it is not the data


class Sender(Protocol):
    """Where a delivery came from."""

    def speak(self) -> None:
        """Say what is ready to be said; called once per batch, after its deliveries were settled."""
        ...

    def lost(self, reason: str) -> None:
        """A delivery is not stored: it must not be answered, so that the device sends it again."""
        ...


class Delivery:
    """What one packet brought; it is stored and answered as one. `arrived` is loop time.

    `answer` is None until it is durable.
    """

    __slots__ = ("answer", "arrived", "device_uid", "records", "sender", "size", "vehicle_id")

    def __init__(self, sender: Sender, vehicle_id: int, device_uid: str, records: Records, arrived: float) -> None:
        self.sender = sender
        self.vehicle_id = vehicle_id
        self.device_uid = device_uid
        self.records = records
        self.arrived = arrived
        self.size = len(records.good) + len(records.bad)
        self.answer: bytes | None = None

    def settle(self, refused: Sequence[RefusedReading]) -> None:
        """It is durable; `refused` are those of its points that failed a quality rule."""
        self.answer = self.records.answer(refused)
        if refused and any(refusal.rule == UNKNOWN_VEHICLE for refusal in refused):
            self.sender.lost("its vehicle is gone")


class Batcher:
    """One transaction at a time in one thread, so the readings of a vehicle stay in their order.

    While a transaction runs the next batch gathers: the busier the gateway, the larger the batches.
    `on_room` is called when reading may go on after it was full.
    """

    def __init__(self, intake: Intake, *, source: str, limits: Limits, on_room: Callable[[], None]) -> None:
        self._intake = intake
        self._source = source
        self._limits = limits
        self._on_room = on_room
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        self._waiting: deque[Delivery] = deque()
        self._storing: list[Delivery] = []
        self._readings = 0
        self._was_full = False
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._closing = False
        self._longest_wait_s = 0.0

    @property
    def is_full(self) -> bool:
        """Whether so many readings wait that nothing more should be read from the devices."""
        return self._readings >= self._limits.waiting_readings

    def submit(self, delivery: Delivery) -> None:
        """Take a delivery; its sender hears of it when it is durable, or lost."""
        self._waiting.append(delivery)
        self._readings += delivery.size
        self._was_full = self._was_full or self.is_full
        self._some.set()
        if self._readings >= self._limits.batch_readings:
            self._enough.set()

    async def run(self) -> None:
        """Store batches until closed and empty. One that fails is tried again, then its devices are told.

        It is tried with all that has come since: if any of that can be stored, the fault is in the data.
        """
        pauses = self._limits.retry_after_s
        failures = 0
        while await self._ripen():
            self._storing = self._take(self._readings if failures else self._limits.batch_readings)
            left = await self._store(self._storing)
            if failures < len(pauses) and len(left) == len(self._storing):
                await asyncio.sleep(pauses[failures])
                self._waiting.extendleft(reversed(left))
                failures += 1
            else:
                self._give_up(left)
                failures = 0
            self._storing = []
            if self._was_full and not self.is_full:
                self._was_full = False
                self._on_room()
        self._thread.shutdown(wait=False)

    def close(self) -> None:
        """Let `run` end once everything that waits is settled."""
        self._closing = True
        self._some.set()
        self._enough.set()

    def take_lag_ms(self) -> float:
        """The longest wait from arrival to durable since the last call; what still waits counts too."""
        now = asyncio.get_running_loop().time()
        oldest = self._storing or self._waiting
        lag_s = max(self._longest_wait_s, now - oldest[0].arrived if oldest else 0.0)
        self._longest_wait_s = 0.0
        return lag_s * 1000

    async def _ripen(self) -> bool:
        """Wait until what is there is many or old enough for a batch; False when closed and empty."""
        while not self._waiting:
            if self._closing:
                return False
            self._some.clear()
            await self._some.wait()
        if self._readings < self._limits.batch_readings and not self._closing:
            self._enough.clear()
            age_s = asyncio.get_running_loop().time() - self._waiting[0].arrived
            with contextlib.suppress(TimeoutError):
                # Not wait_for: until Python 3.12 it forgets that it was cancelled when both come at once.
                async with asyncio.timeout(max(0.0, self._limits.batch_linger_s - age_s)):
                    await self._enough.wait()
        return True

    def _take(self, readings: int) -> list[Delivery]:
        batch: list[Delivery] = []
        size = 0
        while self._waiting and size < readings:
            batch.append(self._waiting.popleft())
            size += batch[-1].size
        return batch

    async def _store(self, batch: list[Delivery]) -> list[Delivery]:
        """Together first, then each device alone, so that one cannot cost the others. Returns what is left.

        When the first few fail alone too, the store itself is out and the rest is not tried.
        """
        if await self._try(batch):
            return []
        left: list[Delivery] = []
        saved = 0
        for tried, part in enumerate(_by_sender(batch)):
            if tried == _OUTAGE_AFTER and not saved:
                return batch
            if await self._try(part):
                saved += 1
            else:
                left += part
        return left

    async def _try(self, batch: list[Delivery]) -> bool:
        loop = asyncio.get_running_loop()
        try:
            refused = await loop.run_in_executor(self._thread, self._ingest, batch)
        except Exception as problem:
            log.warning("storing a batch of %d packets failed: %s", len(batch), problem)
            return False
        self._longest_wait_s = max(self._longest_wait_s, loop.time() - batch[0].arrived)
        self._readings -= sum(delivery.size for delivery in batch)
        for delivery in batch:
            delivery.settle(refused.get(delivery, ()))
        for sender in {delivery.sender for delivery in batch}:
            sender.speak()
        return True

    def _ingest(self, batch: list[Delivery]) -> dict[Delivery, list[RefusedReading]]:
        """In the thread: one transaction. Returns the points of each delivery that failed a quality rule."""
        readings: list[Reading] = []
        starts: list[int] = []
        for delivery in batch:
            starts.append(len(readings))
            vehicle_id = delivery.vehicle_id
            for point, raw in delivery.records.good:
                readings.append(Reading(index=len(readings), point=point, vehicle_id=vehicle_id, raw=raw))
        report = self._intake.ingest(
            readings, source=self._source, refused=_malformed(batch, first_index=len(readings))
        )
        by_delivery: dict[Delivery, list[RefusedReading]] = defaultdict(list)
        for refusal in report.refused:
            if refusal.index < len(readings):
                by_delivery[batch[bisect_right(starts, refusal.index) - 1]].append(refusal)
        return by_delivery

    def _give_up(self, left: list[Delivery]) -> None:
        if left:
            log.error("%d packets could not be stored; their devices must send them again", len(left))
        self._readings -= sum(delivery.size for delivery in left)
        for sender in {delivery.sender for delivery in left}:
            sender.lost("its readings could not be stored")


def _by_sender(batch: list[Delivery]) -> Iterable[list[Delivery]]:
    parts: dict[Sender, list[Delivery]] = defaultdict(list)
    for delivery in batch:
        parts[delivery.sender].append(delivery)
    return parts.values()


def _malformed(batch: list[Delivery], *, first_index: int) -> list[RefusedReading]:
    found = ((delivery, bad) for delivery in batch for bad in delivery.records.bad)
    return [
        RefusedReading(
            index=index,
            rule=MALFORMED,
            detail=bad.detail,
            vehicle_id=delivery.vehicle_id,
            device_uid=delivery.device_uid,
            raw=_text(bad.raw),
        )
        for index, (delivery, bad) in enumerate(found, start=first_index)
    ]


def _text(raw: Raw) -> str:
    return raw if isinstance(raw, str) else raw.hex()
