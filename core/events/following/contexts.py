"""What detectors may look at besides the points, of each vehicle, as it was a moment ago."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from zoneinfo import ZoneInfo

from core import outbox
from core.db import Reader
from core.outbox import Offset
from core.permissions import Actor
from core.telemetry.queries import following as telemetry
from core.telemetry.rules.detector import Context, Fences
from core.telemetry.rules.limits import DEFAULT_CLASS, Thresholds
from core.vehicles import queries as vehicles

# By itself after so long, and at once after a fact that changes it; facts are looked for once in LOOK_EVERY_S.
FRESH_S = 30.0
LOOK_EVERY_S = 0.5

FencesOf = Callable[[int], Fences | None]
"""From a park's id to the geofences that its vehicles meet."""


@dataclass
class Contexts:
    """Read for all vehicles together, by one process, in one thread."""

    viewer: Actor
    thresholds: Mapping[str, Thresholds]
    load_fences: Callable[[Reader], FencesOf]
    renewing_facts: Sequence[str]
    duties: dict[int, vehicles.Duty] = field(default_factory=dict)
    readings: dict[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    _fences_of: FencesOf = lambda park_id: None
    _made: dict[int, Context] = field(default_factory=dict)
    _renewed_at: float = float("-inf")
    _looked_at: float = float("-inf")
    _offset: Offset | None = None
    _epoch: str = ""

    def renew(self, reader: Reader, now_s: float) -> set[int]:
        """Read what changed, if it is time; returns the vehicles of which a mileage reading is new to us.

        `now_s` is of a clock that only goes forward.
        """
        if now_s - self._looked_at < LOOK_EVERY_S:
            return set()
        self._looked_at = now_s
        if not self._is_told(reader) and now_s - self._renewed_at < FRESH_S:
            return set()
        return self._read(reader, now_s)

    def of(self, vehicle_id: int) -> Context | None:
        """The context of a vehicle, or None when nothing is known of it."""
        context = self._made.get(vehicle_id)
        if context is None and (duty := self.duties.get(vehicle_id)) is not None:
            context = Context(
                vehicle_id=vehicle_id,
                vehicle_class=duty.vehicle_class,
                zone=_zone(duty.time_zone),
                thresholds=self.thresholds_of(vehicle_id),
                fences=self._fences_of(duty.park_id),
                readings=self.readings.get(vehicle_id, ()),
            )
            self._made[vehicle_id] = context
        return context

    def thresholds_of(self, vehicle_id: int) -> Thresholds:
        """The thresholds of a vehicle's class."""
        return self.thresholds.get(self.duties[vehicle_id].vehicle_class, self.thresholds[DEFAULT_CLASS])

    def find_silent(self, quiet: Mapping[int, float], at_s: float) -> list[int]:
        """Of vehicles whose last point was at some moment, those on duty that have been silent for too long."""
        return [v for v, ts in quiet.items() if self.is_silent(v, ts, at_s)]

    def is_silent(self, vehicle_id: int, last_ts: float, at_s: float) -> bool:
        """Whether a vehicle that should report has not done so for too long."""
        duty = self.duties.get(vehicle_id)
        return duty is not None and duty.is_on_duty and at_s - last_ts > self.thresholds_of(vehicle_id).silence_after_s

    @property
    def shortest_silence_s(self) -> float:
        """No vehicle is silent before this many seconds."""
        return min(each.silence_after_s for each in self.thresholds.values())

    def missing(self, vehicle_ids: Iterable[int]) -> bool:
        """Whether there are vehicles that were registered since the last reading."""
        return any(vehicle_id not in self.duties for vehicle_id in vehicle_ids)

    def forget(self) -> None:
        """Read everything again at the next occasion."""
        self._renewed_at = self._looked_at = float("-inf")

    def _is_told(self, reader: Reader) -> bool:
        epoch, settled = outbox.head(reader)
        before, self._offset = self._offset, settled
        if before is None or epoch != self._epoch:
            self._epoch = epoch
            return True
        return bool(outbox.read_since(reader, before, names=self.renewing_facts, most=1))

    def _read(self, reader: Reader, now_s: float) -> set[int]:
        readings = telemetry.list_readings(reader, viewer=self.viewer)
        fresh = {v for v, them in readings.items() if them != self.readings.get(v, ())}
        self.duties = vehicles.list_duties(reader)
        self.readings = readings
        self._fences_of = self.load_fences(reader)
        self._made = {}
        self._renewed_at = now_s
        return fresh


_zone = cache(ZoneInfo)
