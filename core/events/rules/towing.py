"""Moving with the engine off (kind `towing`): the value is how many metres it was taken.

Only a device that says "ignition off" can be towed: where the ignition is not reported, as with many trackers in
electric and hybrid vehicles, nothing is taken from silence, and an engine that does not turn proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample
from core.telemetry.rules.geo import distance_m

_M_PER_DEG = 111_195.0


class Towing(Detector):
    """Where it was left with the ignition off, since when it moves away from there, and since when it stands again.

    A place that drifts while the speed stays 0 is the receiver's; without a speed, the way between two points tells
    it. Between two points further apart than `gap_s` nothing is taken to have gone on.
    """

    name: ClassVar[str] = "towing"

    lat: float | None = None
    lon: float | None = None
    since: float | None = None
    still_since: float | None = None
    said: bool = False

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say it when it is `towing_m` from its place and has moved for `towing_for_s`, and again when it is over."""
        ignition = now.ignition
        if ignition is None:
            return
        if ignition or (now.rpm is not None and now.rpm > 0.0):
            if self.lat is not None:
                self._stop(now.ts, now, say)
                self.lat = self.lon = None
            return
        if now.lat is None or now.lon is None:
            return
        if self.lat is None or self.lon is None:
            self.lat, self.lon = now.lat, now.lon
            return
        if not self.said and self._is_near(now.lat, now.lon, context.thresholds.towing_m):
            self.since = None
            return
        self._away(before, now, context, say)

    def rest(self, before: Sample | None, context: Context, say: Callable[[Found], None]) -> None:
        """Say it as it is so far."""
        if self.said and self.since is not None:
            say(self._finding(self.since, None, None))

    def _is_near(self, lat: float, lon: float, radius_m: float) -> bool:
        assert self.lat is not None and self.lon is not None
        north, east = abs(lat - self.lat) * _M_PER_DEG, abs(lon - self.lon) * _M_PER_DEG
        if north + east < radius_m:
            return True  # a degree of longitude is nowhere longer than one of latitude
        return distance_m(self.lat, self.lon, lat, lon) < radius_m

    def _away(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        thresholds = context.thresholds
        if before is not None and now.ts - before.ts > thresholds.gap_s:
            self._stop(before.ts, now, say)
            return
        if _is_moving(before, now, thresholds.moving_kmh):
            self.still_since = None
            if self.since is None:
                self.since = now.ts
            elif not self.said and now.ts - self.since >= thresholds.towing_for_s:
                self.said = True
                say(self._finding(self.since, None, None))
            return
        if not self.said:
            self._stop(now.ts, now, say)
        elif self.still_since is None:
            self.still_since = now.ts
        elif now.ts - self.still_since >= thresholds.stop_after_s:
            self._stop(self.still_since, now, say)

    def _stop(self, ended_at: float, now: Sample, say: Callable[[Found], None]) -> None:
        """Over, if it ever was; from here on this is where it was left."""
        if self.said and self.since is not None:
            say(self._finding(self.since, ended_at, now))
        self.since, self.still_since, self.said = None, None, False
        if now.lat is not None and now.lon is not None:
            self.lat, self.lon = now.lat, now.lon

    def _finding(self, since: float, ended_at: float | None, now: Sample | None) -> Finding:
        taken_m = None
        if now is not None and None not in (self.lat, self.lon, now.lat, now.lon):
            taken_m = distance_m(self.lat, self.lon, now.lat, now.lon)  # type: ignore[arg-type]
        return Finding(kind="towing", started_at=since, ended_at=ended_at, lat=self.lat, lon=self.lon, value=taken_m)


def _is_moving(before: Sample | None, now: Sample, moving_kmh: float) -> bool:
    if now.speed_kmh is not None:
        return now.speed_kmh >= moving_kmh
    if before is None or before.lat is None or before.lon is None or now.lat is None or now.lon is None:
        return False
    metres = distance_m(before.lat, before.lon, now.lat, now.lon)
    return metres * 3.6 / (now.ts - before.ts) >= moving_kmh
