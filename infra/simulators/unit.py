"""A unit: a vehicle with a tracker in it, living in real time."""

from __future__ import annotations

import asyncio
import time
from random import Random

from infra.simulators.fleet.tracker import Tracker
from infra.simulators.fleet.vehicle import Vehicle

SPREAD_S = 0.5


class Unit:
    """What both sides know by number: the Wialon platform by `unit_id`, the product by `device_uid`."""

    def __init__(self, unit_id: int, device_uid: str, name: str, tracker: Tracker, rng: Random) -> None:
        self.unit_id = unit_id
        self.device_uid = device_uid
        self.name = name
        self.tracker = tracker
        self._phase_s = rng.uniform(0, SPREAD_S)  # spreads the fleet's work over the second

    @property
    def vehicle(self) -> Vehicle:
        """The vehicle that carries the tracker."""
        return self.tracker.vehicle

    async def live(self) -> None:
        """One step each second, for ever."""
        while True:
            now = time.time()
            second = int(now - self._phase_s) + 1
            await asyncio.sleep(second + self._phase_s - now)
            self.tracker.live(second)
