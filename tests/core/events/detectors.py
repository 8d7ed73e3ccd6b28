"""Small detectors for tests of the following: each says something that a late point can change or take back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import msgspec

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Mileage, Period, Sample, Stop, Trip

Say = Callable[[Found], None]
WIDTHS = {"1m": 60.0, "15m": 900.0, "1h": 3600.0}


class Sums(Detector):
    """Points in each bucket, and the time to the point before, given to the bucket of the point before."""

    name: ClassVar[str] = "sums"
    open: dict[str, Period] = msgspec.field(default_factory=dict)

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        for width in (*WIDTHS, "1d"):
            current = self.open.get(width)
            if current is not None and before is not None and now.ts - before.ts < 900:
                current = msgspec.structs.replace(current, moving_s=current.moving_s + now.ts - before.ts)
                say(current)
            start = _start(width, now.ts, context)
            if current is None or current.start != start:
                current = Period(
                    width=width,
                    start=start,
                    point_count=0,
                    distance_m=0.0,
                    moving_s=0.0,
                    idle_s=0.0,
                    engine_s=None,
                    fuel_l=None,
                    max_speed_kmh=None,
                    dtc_count=0,
                )
            speeds = [v for v in (current.max_speed_kmh, now.speed_kmh) if v is not None]
            self.open[width] = msgspec.structs.replace(
                current, point_count=current.point_count + 1, max_speed_kmh=max(speeds, default=None)
            )
            say(self.open[width])


def _start(width: str, ts: float, context: Context) -> float:
    if width in WIDTHS:
        return ts // WIDTHS[width] * WIDTHS[width]
    local = datetime.fromtimestamp(ts, context.zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


class Walks(Detector):
    """A trip from the first moving point to the last before 180 s of standing, a stop from there; with hindsight."""

    name: ClassVar[str] = "walks"
    trip: Trip | None = None
    stop: Stop | None = None

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        if now.speed_kmh is not None and now.speed_kmh > 5:
            if self.stop is not None:
                say(msgspec.structs.replace(self.stop, ended_at=now.ts))
                self.stop = None
            trip = self.trip or Trip(
                started_at=now.ts,
                ended_at=None,
                start_lat=now.lat,
                start_lon=now.lon,
                end_lat=None,
                end_lon=None,
                distance_m=0.0,
                moving_s=0.0,
                idle_s=0.0,
                max_speed_kmh=0.0,
                point_count=0,
            )
            self.trip = msgspec.structs.replace(
                trip,
                end_lat=now.lat,
                end_lon=now.lon,
                moving_s=now.ts - trip.started_at,
                max_speed_kmh=max(trip.max_speed_kmh, now.speed_kmh),
                point_count=trip.point_count + 1,
            )
        elif self.trip is not None:
            last = self.trip.started_at + self.trip.moving_s
            if now.ts - last >= 180:
                say(msgspec.structs.replace(self.trip, ended_at=last))
                self.trip = None
                self.stop = Stop(started_at=last, ended_at=None, lat=now.lat, lon=now.lon, idle_s=0.0, point_count=1)
        elif self.stop is not None:
            self.stop = msgspec.structs.replace(self.stop, point_count=self.stop.point_count + 1)

    def rest(self, before: Sample | None, context: Context, say: Say) -> None:
        if self.trip is not None and self.trip.point_count > 1:
            say(self.trip)
        if self.stop is not None:
            say(self.stop)


class Fast(Detector):
    """Faster than 100 km/h: said when it has lasted 30 s, with the moment it began, and when it is over."""

    name: ClassVar[str] = "fast"
    since: float | None = None
    worst: float = 0.0
    said: bool = False

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        if now.speed_kmh is not None and now.speed_kmh > 100:
            self.since = now.ts if self.since is None else self.since
            self.worst = max(self.worst, now.speed_kmh)
            if not self.said and now.ts - self.since >= 30:
                self.said = True
                say(Finding(kind="fast", started_at=self.since, ended_at=None))
        elif self.since is not None:
            if self.said:
                say(Finding(kind="fast", started_at=self.since, ended_at=now.ts, value=self.worst))
            self.since, self.worst, self.said = None, 0.0, False


class Doubts(Detector):
    """Says at rest what the next point may deny: that the last point was slow."""

    name: ClassVar[str] = "doubts"

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        if before is not None and before.speed_kmh == 0 and now.speed_kmh == 0:
            say(Finding(kind="doubt", started_at=before.ts, ended_at=now.ts))

    def rest(self, before: Sample | None, context: Context, say: Say) -> None:
        if before is not None and before.speed_kmh is not None and before.speed_kmh < 50:
            say(Finding(kind="doubt", started_at=before.ts, ended_at=None, detail={"speed_kmh": before.speed_kmh}))


class Gaps(Detector):
    """Nothing for longer than the class's silence: the key of the silence that the sweep opens."""

    name: ClassVar[str] = "gaps"

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        if before is not None and now.ts - before.ts > context.thresholds.silence_after_s:
            say(Finding(kind="silence", started_at=before.ts, ended_at=now.ts, lat=before.lat, lon=before.lon))


class Metres(Detector):
    """The odometer, and what people read."""

    name: ClassVar[str] = "metres"
    mileage_m: float = 0.0

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        method = "gps"
        self.mileage_m += 0 if before is None else min(now.ts - before.ts, 60) * (before.speed_kmh or 0) / 3.6
        for ts, metres in context.readings:
            if (before is None or ts > before.ts) and ts <= now.ts:
                self.mileage_m, method = metres, "reading"
        say(Mileage(ts=now.ts, mileage_m=self.mileage_m, method=method))


KINDS = (Sums, Walks, Fast, Doubts, Gaps, Metres)
