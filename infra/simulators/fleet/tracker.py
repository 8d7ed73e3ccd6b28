"""The tracker in a vehicle: when it takes a record, how its GPS errs, when its radio is out of reach."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from random import Random

from infra.simulators.fleet.record import Record
from infra.simulators.fleet.streets import StreetMap
from infra.simulators.fleet.vehicle import Vehicle

MOVING_EVERY_S = 5
STANDING_EVERY_S = (5, 12)
MEMORY_RECORDS = 5000
OUTAGES_PER_HOUR = 0.3
OUTAGE_S = (40, 90)
DRIFT_M = 4.0

Listener = Callable[[Record], None]


class Tracker:
    """Watches a vehicle by the second and hands its records to whoever listens, oldest first.

    While the radio is out of reach records are kept in memory and handed over afterwards.
    """

    def __init__(self, vehicle: Vehicle, streets: StreetMap, rng: Random, *, outages: bool = True) -> None:
        self.vehicle = vehicle
        self.switched_off = False
        self.jammed = False
        self._listeners: list[Listener] = []
        self._streets = streets
        self._rng = rng
        self._outages_per_s = OUTAGES_PER_HOUR / 3600 if outages else 0.0
        self._outage_until = 0
        self._memory: deque[Record] = deque(maxlen=MEMORY_RECORDS)
        self._drift = (0.0, 0.0)
        self._second = 0
        self._last_ts = 0
        self._due = 0
        self._event = True
        self._seen = (vehicle.ignition, vehicle.outputs, False)

    @property
    def reachable(self) -> bool:
        """The radio has a data channel."""
        return not (self.switched_off or self.jammed) and self._second >= self._outage_until

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every record that leaves the tracker from now on."""
        self._listeners.append(listener)

    def lose_connection(self, seconds: int) -> None:
        """Drive into a tunnel."""
        self._outage_until = self._second + seconds

    def live(self, second: int) -> None:
        """Live up to `second` (unix time). What is more than half a minute behind is slept over."""
        begin = max(self._second, second - 30) if self._second else second - 1
        for now in range(begin + 1, second + 1):
            self._second = now
            self.vehicle.second()
            self._notice(now)

    def switch_output(self, number: int, *, on: bool, second: int = 0) -> None:
        """A command: switch an output and report it at once, as of `second`, or of the last one lived."""
        self.vehicle.switch_output(number, on=on)
        self._notice(max(self._second, second))

    def report(self) -> None:
        """A command: report the position now."""
        self._event = True
        self._notice(self._second)

    def _notice(self, now: int) -> None:
        ignition, outputs, moving = self.vehicle.ignition, self.vehicle.outputs, self.vehicle.speed_kmh > 0
        if (ignition, outputs) != self._seen[:2]:
            self._event = True
        if moving and not self._seen[2]:
            self._due = min(self._due, now + MOVING_EVERY_S)
        self._seen = (ignition, outputs, moving)
        if self._rng.random() < self._outages_per_s and self.reachable:
            self.lose_connection(self._rng.randint(*OUTAGE_S))
        # One record per second at most: servers tell repeated records by their time.
        if (self._event or now >= self._due) and now > self._last_ts:
            self._event = False
            self._last_ts = now
            self._due = now + (MOVING_EVERY_S if moving else self._rng.randint(*STANDING_EVERY_S))
            self._memory.append(self._take_record(now))
        if self.reachable:
            self._hand_over()

    def _hand_over(self) -> None:
        while self._memory:
            record = self._memory.popleft()
            for listener in self._listeners:
                listener(record)

    def _take_record(self, now: int) -> Record:
        vehicle, rng = self.vehicle, self._rng
        self._drift = self._wander()
        x, y = vehicle.point
        lat, lon = self._streets.to_degrees((x + self._drift[0], y + self._drift[1]))
        return Record(
            ts=now,
            lat=lat,
            lon=lon,
            speed_kmh=round(vehicle.speed_kmh, 1),
            course_deg=int(vehicle.course_deg) % 360,
            altitude_m=_altitude_m(x, y),
            satellites=None if rng.random() < 0.01 else rng.randint(8, 17),
            hdop=round(rng.uniform(0.6, 1.4), 1),
            outputs=vehicle.outputs,
            ignition=vehicle.ignition,
            odometer_m=int(vehicle.odometer_m),
            bus=vehicle.engine.read(),
        )

    def _wander(self) -> tuple[float, float]:
        """GPS error moves slowly; it never reaches farther than DRIFT_M."""
        x = 0.9 * self._drift[0] + self._rng.gauss(0, 0.5)
        y = 0.9 * self._drift[1] + self._rng.gauss(0, 0.5)
        shrink = min(1.0, DRIFT_M / max(math.hypot(x, y), 1e-9))
        return x * shrink, y * shrink


def _altitude_m(x: float, y: float) -> int:
    """Gentle hills. The street data has no heights; these only have to be smooth and repeatable."""
    return round(45 + 25 * math.sin(x / 1100) + 20 * math.cos(y / 900))
