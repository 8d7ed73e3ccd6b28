"""The simulated world: every unit in it, alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from random import Random

from infra.simulators.fleet.session import Counts, Session
from infra.simulators.fleet.streets import san_francisco
from infra.simulators.fleet.tracker import Tracker
from infra.simulators.fleet.vehicle import ROAMING, SPARE, TAXI, Habits, Memory, Phase, Vehicle
from infra.simulators.fleet_file import Device
from infra.simulators.unit import Unit

# Of twenty vehicles thirteen drive, five are on a break, two are parked; a small fleet has some of each.
FIRST_PHASES = tuple(
    {"d": Phase.DRIVING, "b": Phase.BREAK, "p": Phase.PARKED}[letter] for letter in "dbdpddbddddbdpbdddbd"
)
SPARE_EVERY = 10
SWITCHED_ON_WITHIN_S = 2.0

Fitting = Callable[[Unit, Counts, Random], Session]
"""Puts a tracker into a unit: its session with the product."""


class World:
    """Units by number. Needs a running event loop: whatever is added starts to live."""

    def __init__(self, *, seed: int = 0) -> None:
        self.units: dict[int, Unit] = {}
        self.counts = Counts()
        self._seed = seed
        self._fleet: list[Unit] = []
        self._arrivals: list[Callable[[Unit], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def on_arrival(self, callback: Callable[[Unit], None]) -> None:
        """Call back for every unit, those already here included."""
        self._arrivals.append(callback)
        for unit in self.units.values():
            callback(unit)

    async def add_fleet(
        self, devices: Iterable[Device], fit: Callable[[Device], Fitting], memories: Mapping[str, Memory]
    ) -> None:
        """Put the fleet on the road, each device with the session that `fit` chooses for it.

        A device with a memory goes on from there; the others begin in the middle of an ordinary day.
        """
        for index, device in enumerate(devices):
            unit = self._add(
                device.unit_id,
                device.device_uid,
                device.name,
                phase=FIRST_PHASES[index % len(FIRST_PHASES)],
                habits=SPARE if index % SPARE_EVERY == 3 else TAXI,
                powertrain=device.powertrain,
                relay_output=device.relay_output,
            )
            if device.device_uid in memories:
                unit.vehicle.recall(memories[device.device_uid])
            self._fleet.append(unit)
            self._start(unit.live())
            self.run_session(unit, fit(device))
            await asyncio.sleep(0)  # planning five hundred routes takes seconds; others may go between

    def run_session(self, unit: Unit, fit: Fitting, *, within_s: float = SWITCHED_ON_WITHIN_S) -> None:
        """Let a unit talk to the product, from some moment of the next `within_s` on."""
        rng = Random(f"{self._seed}:{unit.device_uid}:network")
        session = fit(unit, self.counts, rng)
        self._start(session.run(after_s=rng.uniform(0, within_s)))

    def add_bare_unit(self, unit_id: int, device_uid: str, name: str, *, moving: bool, connected: bool) -> Unit:
        """A unit that reports to the platform only: no session with the product, but a real relay."""
        unit = self._add(
            unit_id,
            device_uid,
            name,
            phase=Phase.DRIVING if moving else Phase.PARKED,
            habits=ROAMING if moving else SPARE,
            outages=False,
        )
        if not moving:
            unit.vehicle.come_to_rest()
        unit.tracker.switched_off = not connected
        unit.tracker.live(int(time.time()))  # a unit made just now can be looked at just now
        self._start(unit.live())
        return unit

    def memories(self) -> dict[str, Memory]:
        """What the fleet's vehicles remember, by device uid. Bare units are forgotten."""
        return {unit.device_uid: unit.vehicle.remember() for unit in self._fleet}

    async def end(self) -> None:
        """Stop all life."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _add(
        self,
        unit_id: int,
        device_uid: str,
        name: str,
        *,
        phase: Phase,
        habits: Habits,
        powertrain: str = "ice",
        relay_output: int = 1,
        outages: bool = True,
    ) -> Unit:
        rng = Random(f"{self._seed}:{device_uid}")
        streets = san_francisco()
        vehicle = Vehicle(streets, rng, powertrain=powertrain, relay_output=relay_output, habits=habits, phase=phase)
        unit = Unit(unit_id, device_uid, name, Tracker(vehicle, streets, rng, outages=outages), rng)
        self.units[unit_id] = unit
        for callback in self._arrivals:
            callback(unit)
        return unit

    def _start(self, life: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(life)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
