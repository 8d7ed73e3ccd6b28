"""Whether a vehicle moved between two points, and how far: one rule for trips, sums and mileage.

A receiver at rest wanders. So a vehicle has a *place*, and is somewhere else only when it reports speed, or when it is
further from its place than a receiver wanders. Nothing of a slow move is lost by that: the place stays behind until
the vehicle has left it, and then the whole way from it counts.
"""

from __future__ import annotations

import msgspec

from core.telemetry.rules.detector import Sample
from core.telemetry.rules.geo import near_m
from core.telemetry.rules.limits import Thresholds

# No road vehicle is faster. Positions that say so are wrong, or are right again after having been wrong.
LIKELY_MPS = 70.0
# From here on a place that cannot have been driven to breaks what was going on; below it is a receiver's hiccup.
LEAP_M = 1000.0
# The speed between two places is worth something when they are so far apart in time.
PACE_OVER_S = 5.0
# Seconds counted, metres counted, whether it moved, speed in km/h told from places, metres of a way nobody saw.
Step = tuple[float, float, bool, float | None, float]


class Motion(msgspec.Struct):
    """What must be remembered to tell movement. `lat`, `lon` is the last fix, of the moment `fix_ts`."""

    ts: float | None = None
    fix_ts: float = 0.0
    lat: float | None = None
    lon: float | None = None
    place_lat: float = 0.0
    place_lon: float = 0.0
    moved_ts: float = 0.0
    rolling: bool = False

    def step(self, now: Sample, limits: Thresholds) -> Step:
        """Go on to the next point.

        Of a segment longer than `gap_s` nothing is known: no seconds, no metres. If the vehicle was elsewhere
        afterwards, the last number says how far (a leap).
        """
        before, was_rolling = self.ts, self.rolling
        speed = now.speed_kmh
        self.ts = now.ts
        self.rolling = speed is not None and speed >= limits.moving_kmh and now.ignition is not False
        seconds = now.ts - before if before is not None else 0.0
        rolled = self.rolling or was_rolling
        if seconds > limits.gap_s:
            seconds, rolled = 0.0, False
        if now.lat is None or now.lon is None:
            return seconds, 0.0, rolled, None, 0.0
        if self.lat is None:
            self._settle(now.ts, now.lat, now.lon)
            return seconds, 0.0, rolled, None, 0.0
        return self._arrive(now, now.lat, now.lon, seconds, rolled, limits)

    def _arrive(self, now: Sample, lat: float, lon: float, seconds: float, rolled: bool, limits: Thresholds) -> Step:
        passed = now.ts - self.fix_ts
        metres = near_m(self.place_lat, self.place_lon, lat, lon)
        if passed > limits.gap_s or metres > LIKELY_MPS * passed + limits.stop_radius_m:
            return self._leap(now.ts, lat, lon, seconds, metres, passed > limits.gap_s, limits)
        if rolled:
            self._settle(now.ts, lat, lon)
            return seconds, metres, True, None, 0.0
        return self._wander(now, lat, lon, seconds, metres, passed, limits)

    def _leap(
        self, ts: float, lat: float, lon: float, seconds: float, metres: float, unseen: bool, limits: Thresholds
    ) -> Step:
        least = limits.stop_radius_m if unseen else LEAP_M
        if unseen and metres < least:
            self._see(ts, lat, lon)
            return seconds, 0.0, False, None, 0.0
        self._settle(ts, lat, lon)
        return seconds, 0.0, False, None, metres if metres >= least else 0.0

    def _wander(
        self, now: Sample, lat: float, lon: float, seconds: float, metres: float, passed: float, limits: Thresholds
    ) -> Step:
        """Judge by place alone: nothing said that it rolled. A silent speedometer is believed less than a zero."""
        pace = None
        away_m, still_moving = limits.stop_radius_m, False
        if now.speed_kmh is None and now.ignition is not False and self.lat is not None and self.lon is not None:
            stride_kmh = near_m(self.lat, self.lon, lat, lon) / passed * 3.6
            if stride_kmh >= limits.moving_kmh:
                away_m = limits.still_m
                still_moving = (now.ts - self.moved_ts) * limits.moving_kmh <= limits.still_m * 3.6
                pace = stride_kmh if passed >= PACE_OVER_S else None
        if metres >= away_m:
            self._settle(now.ts, lat, lon)
            return seconds, metres, True, pace, 0.0
        self._see(now.ts, lat, lon)
        return seconds, 0.0, still_moving, None, 0.0

    def _see(self, ts: float, lat: float, lon: float) -> None:
        self.fix_ts, self.lat, self.lon = ts, lat, lon

    def _settle(self, ts: float, lat: float, lon: float) -> None:
        self.fix_ts = self.moved_ts = ts
        self.lat = self.place_lat = lat
        self.lon = self.place_lon = lon


class Engine(msgspec.Struct):
    """What must be remembered to tell how long the engine ran and what it burnt."""

    on: bool | None = None
    rate_lph: float | None = None

    def step(self, now: Sample, seconds: float) -> tuple[bool | None, float | None]:
        """Whether the engine ran during the segment that ends now, and the litres burnt in it; None when not told.

        What was last told holds until the next point, and through points that say nothing, but not across a gap.
        Turning is told by rpm before ignition; the litres by the trapezoid of the rates at both ends.
        """
        on, rate = (self.on, self.rate_lph) if seconds else (None, None)
        if now.rpm is not None:
            self.on = now.rpm > 0
        else:
            self.on = on if now.ignition is None else now.ignition
        self.rate_lph = now.fuel_rate_lph
        if rate is None:
            return on, None
        return on, (rate + (rate if self.rate_lph is None else self.rate_lph)) / 2 * seconds / 3600
