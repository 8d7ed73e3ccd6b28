"""Trips and stops, told from points alone (hysteresis in time and in place).

A trip begins at the last point at which the vehicle still stood and ends at the point at which it had arrived, though
both are known only later: it set off when it is `trip_min_m` away, it stands when it has not moved for
`stop_after_s`. What is in doubt meanwhile is held apart and goes to whichever it turns out to belong to.

When a way was not seen (nothing for longer than `gap_s`, and then elsewhere), what was going on ends at the last point
known and something new begins at the next; the way between belongs to neither. A vehicle that is after the gap
where it was before has stood there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from core.telemetry.rules.detector import Context, Detector, Found, Sample, Stop, Trip
from core.telemetry.rules.geo import near_m
from core.telemetry.rules.limits import Thresholds
from core.telemetry.rules.motion import Engine, Motion

Say = Callable[[Found], None]


class Leg(msgspec.Struct):
    """Sums over some segments in a row."""

    distance_m: float = 0.0
    moving_s: float = 0.0
    idle_s: float = 0.0
    fuel_l: float | None = None
    max_speed_kmh: float = 0.0
    points: int = 0

    def add(self, other: Leg) -> None:
        """Take in the segments that follow."""
        self.distance_m += other.distance_m
        self.moving_s += other.moving_s
        self.idle_s += other.idle_s
        if other.fuel_l is not None:
            self.fuel_l = (self.fuel_l or 0.0) + other.fuel_l
        if other.max_speed_kmh > self.max_speed_kmh:
            self.max_speed_kmh = other.max_speed_kmh
        self.points += other.points


class Halt(msgspec.Struct):
    """A stop, or what may become one."""

    started_at: float
    lat: float | None
    lon: float | None
    idle_s: float = 0.0
    points: int = 1

    def stop(self, ended_at: float | None) -> Stop:
        """What is said of it."""
        return Stop(
            started_at=self.started_at,
            ended_at=ended_at,
            lat=self.lat,
            lon=self.lon,
            idle_s=self.idle_s,
            point_count=self.points,
        )


class Run(msgspec.Struct):
    """A trip, or what may become one: up to where it last moved in `leg`, since then in `since`."""

    started_at: float
    start_lat: float | None
    start_lon: float | None
    start_odometer_m: int | None
    end_at: float
    end_lat: float | None
    end_lon: float | None
    end_odometer_m: int | None
    leg: Leg
    since: Leg
    sure: bool = False

    def arrive(self, ts: float, lat: float | None, lon: float | None, odometer_m: int | None) -> None:
        """It has come here; whatever was in doubt belongs to it."""
        if self.since.points:
            self.leg.add(self.since)
            self.since = Leg()
        self.end_at, self.end_lat, self.end_lon, self.end_odometer_m = ts, lat, lon, odometer_m

    def trip(self, ended_at: float | None) -> Trip:
        """What is said of it."""
        return Trip(
            started_at=self.started_at,
            ended_at=ended_at,
            start_lat=self.start_lat,
            start_lon=self.start_lon,
            end_lat=self.end_lat,
            end_lon=self.end_lon,
            distance_m=self.leg.distance_m,
            moving_s=self.leg.moving_s,
            idle_s=self.leg.idle_s,
            max_speed_kmh=self.leg.max_speed_kmh,
            point_count=self.leg.points,
            start_odometer_m=self.start_odometer_m,
            end_odometer_m=self.end_odometer_m,
            fuel_l=self.leg.fuel_l,
        )


class Trips(Detector):
    """Says Trip and Stop: each when it has ended, and at rest the one that lasts."""

    name: ClassVar[str] = "trips"

    motion: Motion = msgspec.field(default_factory=Motion)
    engine: Engine = msgspec.field(default_factory=Engine)
    odometer_m: int | None = None
    halt: Halt | None = None
    run: Run | None = None

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        """Take in the next point."""
        motion, limits = self.motion, context.thresholds
        then = motion.ts, motion.lat, motion.lon
        seconds, metres, moved, pace, leap = motion.step(now, limits)
        running, litres = self.engine.step(now, seconds)
        if leap or then[0] is None:
            self._cut(then, now, limits, say)
        elif moved:
            run = self.run or self._set_off(*then)
            if now.odometer_m is not None:
                self.odometer_m = now.odometer_m
            run.arrive(now.ts, motion.lat, motion.lon, self.odometer_m)
            leg = run.leg
            leg.distance_m += metres
            leg.moving_s += seconds
            leg.points += 1
            speed = pace if now.speed_kmh is None else now.speed_kmh
            if speed is not None and speed > leg.max_speed_kmh:
                leg.max_speed_kmh = speed
            if litres is not None:
                leg.fuel_l = (leg.fuel_l or 0.0) + litres
            if not run.sure:
                self._consider(run, limits, say)
        else:
            self._stand(now.ts, seconds if running else 0.0, litres, limits, say)
        if now.odometer_m is not None:
            self.odometer_m = now.odometer_m

    def rest(self, before: Sample | None, context: Context, say: Say) -> None:
        """Say the trip or the stop that lasts."""
        ts, run, halt = self.motion.ts, self.run, self.halt
        if run is not None and run.sure:
            leg = msgspec.structs.replace(run.leg)
            leg.add(run.since)
            lasting = msgspec.structs.replace(
                run, leg=leg, end_lat=self.motion.lat, end_lon=self.motion.lon, end_odometer_m=self.odometer_m
            )
            say(lasting.trip(None))
            return
        if halt is None or ts is None:
            return
        # In doubt whether it drives: it has stood for sure until then.
        if (ts if run is None else run.started_at) - halt.started_at >= context.thresholds.stop_after_s:
            say(halt.stop(None))

    def _set_off(self, ts: float | None, lat: float | None, lon: float | None) -> Run:
        assert ts is not None
        odometer = self.odometer_m
        self.run = Run(ts, lat, lon, odometer, ts, lat, lon, odometer, Leg(points=1), Leg())
        return self.run

    def _consider(self, run: Run, limits: Thresholds, say: Say) -> None:
        """Whether what set off is far enough to be a trip; then the stop before it has ended where it began."""
        if run.start_lat is None or run.start_lon is None or run.end_lat is None or run.end_lon is None:
            run.sure = run.leg.distance_m >= limits.trip_min_m
        else:
            run.sure = near_m(run.start_lat, run.start_lon, run.end_lat, run.end_lon) >= limits.trip_min_m
        if run.sure:
            self._end_halt(run.started_at, limits, say)

    def _end_halt(self, ended_at: float, limits: Thresholds, say: Say) -> None:
        halt, self.halt = self.halt, None
        if halt is not None and ended_at - halt.started_at >= limits.stop_after_s:
            say(halt.stop(ended_at))

    def _stand(self, ts: float, idle_s: float, litres: float | None, limits: Thresholds, say: Say) -> None:
        run, halt = self.run, self.halt
        if run is None:
            assert halt is not None
            halt.points += 1
            halt.idle_s += idle_s
            if halt.lat is None:
                halt.lat, halt.lon = self.motion.lat, self.motion.lon
            return
        since = run.since
        since.points += 1
        since.idle_s += idle_s
        if litres is not None:
            since.fuel_l = (since.fuel_l or 0.0) + litres
        if ts - run.end_at < limits.stop_after_s:
            return
        self.run = None
        if run.sure:
            say(run.trip(run.end_at))
            self.halt = Halt(run.end_at, run.end_lat, run.end_lon, since.idle_s, since.points + 1)
        elif halt is not None:
            # It never got anywhere: the stop went on, a little to the side.
            halt.idle_s += run.leg.idle_s + since.idle_s
            halt.points += run.leg.points - 1 + since.points

    def _cut(
        self, then: tuple[float | None, float | None, float | None], now: Sample, limits: Thresholds, say: Say
    ) -> None:
        """Nothing is known of how it came here: end what was going on at the last point known, begin anew."""
        ts, lat, lon = then
        run, self.run = self.run, None
        if ts is not None:
            if run is not None and run.sure:
                run.arrive(ts, lat, lon, self.odometer_m)
                say(run.trip(ts))
            self._end_halt(run.started_at if run is not None else ts, limits, say)
        self.halt = Halt(now.ts, now.lat, now.lon)
