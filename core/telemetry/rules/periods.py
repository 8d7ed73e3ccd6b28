"""Sums over a minute, a quarter of an hour, an hour and a day of the park (TEL-6).

A segment between two points is shared out to the minutes it touches, in proportion to time. Only the minute is summed
point by point; the wider ones are sums of minutes, so they agree with them to the last bit. What must be remembered is
one open bucket of each width. Minutes, quarters and hours are cut on UTC; the day at the park's midnight.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import ClassVar

import msgspec

from core.telemetry.rules.detector import Context, Detector, Found, Period, Sample
from core.telemetry.rules.motion import Engine, Motion

Say = Callable[[Found], None]
MINUTE_S = 60.0
_CODES_KEPT = 64


class Sums(msgspec.Struct):
    """One bucket that is still open, from `start` up to `end` (Unix seconds)."""

    start: float
    end: float
    points: int = 0
    distance_m: float = 0.0
    moving_s: float = 0.0
    idle_s: float = 0.0
    engine_s: float | None = None
    fuel_l: float | None = None
    max_speed_kmh: float | None = None
    codes: int = 0

    def pass_time(self, seconds: float, metres: float, moved: bool, running: bool | None, litres: float | None) -> None:
        """Take in a segment, or the share of one."""
        self.distance_m += metres
        if moved:
            self.moving_s += seconds
        elif running:
            self.idle_s += seconds
        if running is not None:
            self.engine_s = (self.engine_s or 0.0) + (seconds if running else 0.0)
        if litres is not None:
            self.fuel_l = (self.fuel_l or 0.0) + litres

    def add(self, minute: Sums) -> None:
        """Take in a minute of this bucket."""
        self.points += minute.points
        self.distance_m += minute.distance_m
        self.moving_s += minute.moving_s
        self.idle_s += minute.idle_s
        if minute.engine_s is not None:
            self.engine_s = (self.engine_s or 0.0) + minute.engine_s
        if minute.fuel_l is not None:
            self.fuel_l = (self.fuel_l or 0.0) + minute.fuel_l
        if minute.max_speed_kmh is not None:
            self.see_speed(minute.max_speed_kmh)
        self.codes += minute.codes

    def see_speed(self, speed_kmh: float) -> None:
        """Take in a speed."""
        if self.max_speed_kmh is None or speed_kmh > self.max_speed_kmh:
            self.max_speed_kmh = speed_kmh

    def period(self, width: str) -> Period:
        """What is said of it."""
        return Period(
            width=width,
            start=self.start,
            point_count=self.points,
            distance_m=self.distance_m,
            moving_s=self.moving_s,
            idle_s=self.idle_s,
            engine_s=self.engine_s,
            fuel_l=self.fuel_l,
            max_speed_kmh=self.max_speed_kmh,
            dtc_count=self.codes,
        )


class Periods(Detector):
    """Says Period: a bucket when it is over, and at rest those that are open."""

    name: ClassVar[str] = "periods"

    motion: Motion = msgspec.field(default_factory=Motion)
    engine: Engine = msgspec.field(default_factory=Engine)
    codes: tuple[str, ...] = ()
    minute: Sums | None = None
    # Of the minutes that are over.
    quarter: Sums | None = None
    hour: Sums | None = None
    day: Sums | None = None

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        """Take in the next point."""
        then = self.motion.ts
        seconds, metres, moved, pace, _ = self.motion.step(now, context.thresholds)
        running, litres = self.engine.step(now, seconds)
        minute = self.minute
        if minute is not None and now.ts < minute.end:
            minute.pass_time(seconds, metres, moved, running, litres)
        elif minute is None or then is None or not seconds:
            minute = self._turn(now.ts, context.zone, say)
        else:
            minute = self._share(minute, then, now.ts, metres, moved, running, litres, context.zone, say)
        minute.points += 1
        speed = pace if now.speed_kmh is None else now.speed_kmh
        if speed is not None and (minute.max_speed_kmh is None or speed > minute.max_speed_kmh):
            minute.max_speed_kmh = speed
        if now.dtc is not None and (now.dtc or self.codes):
            minute.codes += len(set(now.dtc).difference(self.codes))
            self.codes = tuple(now.dtc[:_CODES_KEPT])

    def rest(self, before: Sample | None, context: Context, say: Say) -> None:
        """Say the open buckets as they are so far."""
        if self.minute is None:
            return
        say(self.minute.period("1m"))
        for width, sums in (("15m", self.quarter), ("1h", self.hour), ("1d", self.day)):
            if sums is not None:
                so_far = msgspec.structs.replace(sums)
                so_far.add(self.minute)
                say(so_far.period(width))

    def _share(
        self,
        minute: Sums,
        then: float,
        ts: float,
        metres: float,
        moved: bool,
        running: bool | None,
        litres: float | None,
        zone: tzinfo,
        say: Say,
    ) -> Sums:
        """Share a segment out to the minutes it touches."""
        whole, at = ts - then, then
        while at < ts or ts >= minute.end:
            until = min(minute.end, ts)
            share = (until - at) / whole
            litres_here = None if litres is None else litres * share
            minute.pass_time(until - at, metres * share, moved, running, litres_here)
            at = until
            if ts >= minute.end:
                minute = self._turn(minute.end, zone, say)
        return minute

    def _turn(self, ts: float, zone: tzinfo, say: Say) -> Sums:
        """Close the minute, and whatever ends with it; open those in which `ts` lies."""
        over = self.minute
        if over is not None:
            say(over.period("1m"))
        self.quarter = _turn_wider("15m", self.quarter, over, ts, zone, say)
        self.hour = _turn_wider("1h", self.hour, over, ts, zone, say)
        self.day = _turn_wider("1d", self.day, over, ts, zone, say)
        start = ts // MINUTE_S * MINUTE_S
        self.minute = Sums(start, start + MINUTE_S)
        return self.minute


_WIDTHS_S = {"15m": 900.0, "1h": 3600.0}


def _turn_wider(width: str, sums: Sums | None, over: Sums | None, ts: float, zone: tzinfo, say: Say) -> Sums:
    if sums is not None and over is not None:
        sums.add(over)
        if ts < sums.end:
            return sums
        say(sums.period(width))
    if width == "1d":
        return Sums(*day_of(ts, zone))
    start = ts // _WIDTHS_S[width] * _WIDTHS_S[width]
    return Sums(start, start + _WIDTHS_S[width])


def day_of(ts: float, zone: tzinfo) -> tuple[float, float]:
    """From when until when (Unix seconds) the day lasts in which `ts` lies in this zone: 23, 24 or 25 hours.

    Where a clock change leaves out midnight the day begins with the change; where it repeats it, with the first.
    """
    local = datetime.fromtimestamp(ts // 1, zone)  # rounded it could be the next day's
    midnight = datetime(local.year, local.month, local.day, tzinfo=zone)
    following = midnight + timedelta(days=1)  # by the clock on the wall
    return midnight.timestamp(), following.timestamp()
