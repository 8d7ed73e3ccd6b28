"""The engine runs and the vehicle stands (kind `idling`): the value is how many seconds it lasted."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample
from core.telemetry.rules.geo import distance_m


class Idling(Detector):
    """Since when the engine runs at a stand, and where. `moved_at`: the first point that seemed to move since.

    What is not reported changes nothing: neither the engine nor the speed is taken to be anything from silence. One
    moving point near the place is a slip of the receiver; two in a row, or one further than `stop_radius_m`, are not.
    Between two points further apart than `gap_s` nothing is taken to have gone on.
    """

    name: ClassVar[str] = "idling"

    since: float | None = None
    lat: float | None = None
    lon: float | None = None
    moved_at: float | None = None
    said: bool = False

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say it when it has lasted `idling_after_s`, and again when it is over."""
        running = _is_running(now)
        since = self.since
        if since is None:
            if running and now.speed_kmh is not None and now.speed_kmh < context.thresholds.moving_kmh:
                self._begin(now)
            return
        thresholds = context.thresholds
        if before is not None and now.ts - before.ts > thresholds.gap_s:
            self._end(before.ts, say)
            self.step(before, now, context, say)
            return
        if running is False:
            self._end(now.ts, say)
            return
        if now.speed_kmh is not None and now.speed_kmh >= thresholds.moving_kmh:
            self._move(now, context, say)
            return
        if now.speed_kmh is not None:
            self.moved_at = None
        if not self.said and running and self.moved_at is None and now.ts - since >= thresholds.idling_after_s:
            self.said = True
            say(self._finding(since, None))

    def rest(self, before: Sample | None, context: Context, say: Callable[[Found], None]) -> None:
        """Say it as it is so far."""
        if self.said and self.since is not None:
            say(self._finding(self.since, None))

    def _begin(self, now: Sample) -> None:
        self.since, self.lat, self.lon, self.moved_at, self.said = now.ts, now.lat, now.lon, None, False

    def _move(self, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        if self.moved_at is not None:
            self._end(self.moved_at, say)
        elif _is_away(self.lat, self.lon, now, context.thresholds.stop_radius_m):
            self._end(now.ts, say)
        else:
            self.moved_at = now.ts

    def _end(self, ended_at: float, say: Callable[[Found], None]) -> None:
        if self.said and self.since is not None:
            say(self._finding(self.since, ended_at))
        self.since, self.lat, self.lon, self.moved_at, self.said = None, None, None, None, False

    def _finding(self, since: float, ended_at: float | None) -> Finding:
        return Finding(
            kind="idling",
            started_at=since,
            ended_at=ended_at,
            lat=self.lat,
            lon=self.lon,
            value=None if ended_at is None else ended_at - since,
        )


def _is_running(now: Sample) -> bool | None:
    """Whether the engine runs; None when nothing tells. Turning says more than the key does."""
    if now.rpm is not None and now.rpm > 0.0:
        return True
    return now.ignition


def _is_away(lat: float | None, lon: float | None, now: Sample, radius_m: float) -> bool:
    if lat is None or lon is None or now.lat is None or now.lon is None:
        return False
    return distance_m(lat, lon, now.lat, now.lon) > radius_m
