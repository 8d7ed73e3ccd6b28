"""Too fast for too long (kind `overspeed`): the value is km/h over the limit at its worst."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample


class Overspeed(Detector):
    """Since when every point was over the limit, where that began, and the highest speed in it.

    One that was said ends only `overspeed_release_kmh` below the limit, so that a speed that plays around the limit
    is one finding. Between two points further apart than `gap_s` nothing is taken to have gone on.
    """

    name: ClassVar[str] = "overspeed"

    since: float | None = None
    lat: float | None = None
    lon: float | None = None
    worst_kmh: float = 0.0
    said: bool = False

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say it when it has lasted `overspeed_for_s`, and again with its worst when it is over."""
        speed = now.speed_kmh
        if speed is None:
            return
        if self.since is None:
            if speed > context.thresholds.overspeed_kmh:
                self._begin(now, speed)
            return
        thresholds = context.thresholds
        if before is not None and now.ts - before.ts > thresholds.gap_s:
            self._end(before.ts, context, say)
            if speed > thresholds.overspeed_kmh:
                self._begin(now, speed)
            return
        if speed <= thresholds.overspeed_kmh - (thresholds.overspeed_release_kmh if self.said else 0.0):
            self._end(now.ts, context, say)
            return
        self.worst_kmh = max(self.worst_kmh, speed)
        if not self.said and now.ts - self.since >= thresholds.overspeed_for_s:
            self.said = True
            say(self._finding(self.since, None, context))

    def rest(self, before: Sample | None, context: Context, say: Callable[[Found], None]) -> None:
        """Say it as it is so far."""
        if self.said and self.since is not None:
            say(self._finding(self.since, None, context))

    def _begin(self, now: Sample, speed: float) -> None:
        self.since, self.lat, self.lon, self.worst_kmh, self.said = now.ts, now.lat, now.lon, speed, False

    def _end(self, ended_at: float, context: Context, say: Callable[[Found], None]) -> None:
        if self.said and self.since is not None:
            say(self._finding(self.since, ended_at, context))
        self.since, self.lat, self.lon, self.worst_kmh, self.said = None, None, None, 0.0, False

    def _finding(self, since: float, ended_at: float | None, context: Context) -> Finding:
        limit = context.thresholds.overspeed_kmh
        return Finding(
            kind="overspeed",
            started_at=since,
            ended_at=ended_at,
            lat=self.lat,
            lon=self.lon,
            value=self.worst_kmh - limit,
            detail={"limit_kmh": limit, "worst_kmh": self.worst_kmh},
        )
