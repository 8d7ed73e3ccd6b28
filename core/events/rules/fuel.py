"""Fuel that went or came at once (kinds `fuel_drop`, `fuel_fill`): the value is the change in % of the tank.

A level sways in curves and on slopes and slips for a reading. So it is the median of the last five readings that is
compared with what it was up to `fuel_within_s` ago, and a change is said when it has neither grown nor gone back for
`fuel_settle_s`: all of it then is one finding. The engine at its hungriest does not burn so much in that time. While
the vehicle has not left its place, time does not count: what went in a night at the kerb was not burnt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample
from core.telemetry.rules.geo import distance_m

_READINGS = 5
_ENOUGH = 3
_SPACING_S = 30.0
_GROWN_PCT = 1.0


class Fuel(Detector):
    """The last readings, the levels that they came to lately, and a change that has not settled yet."""

    name: ClassVar[str] = "fuel"

    readings: list[float] = msgspec.field(default_factory=list)
    levels: list[tuple[float, float]] = msgspec.field(default_factory=list)
    """(Unix seconds, %), oldest first, at least half a minute apart."""
    lat: float | None = None
    lon: float | None = None
    last_ts: float | None = None
    """When the last reading came."""
    from_ts: float | None = None
    from_pct: float = 0.0
    to_pct: float = 0.0
    grown_at: float = 0.0

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say a drop or a fill when it has settled."""
        pct = now.fuel_pct
        if pct is None:
            return
        within_s = context.thresholds.fuel_within_s
        if self.last_ts is not None and now.ts - self.last_ts > within_s:
            self._wake(now, context)
        self.last_ts = now.ts
        readings = self.readings
        readings.append(pct)
        if len(readings) > _READINGS:
            del readings[0]
        elif len(readings) < _ENOUGH:
            return
        level = sorted(readings)[len(readings) // 2]
        if self.from_ts is not None:
            self._settle(level, now, context, say)
        else:
            self._compare(level, now, context)

    def _wake(self, now: Sample, context: Context) -> None:
        """After a long time without a reading: what was before counts only at the same place."""
        self.readings.clear()
        self.from_ts = None
        known = None not in (self.lat, self.lon, now.lat, now.lon)
        if known and distance_m(self.lat, self.lon, now.lat, now.lon) <= context.thresholds.stop_radius_m:  # type: ignore[arg-type]
            del self.levels[:-1]
        else:
            self.levels.clear()

    def _compare(self, level: float, now: Sample, context: Context) -> None:
        thresholds = context.thresholds
        levels = self.levels
        oldest = now.ts - thresholds.fuel_within_s
        while len(levels) > 1 and levels[0][0] < oldest:
            del levels[0]
        for ts, earlier in reversed(levels):
            if earlier - level >= thresholds.fuel_drop_pct or level - earlier >= thresholds.fuel_fill_pct:
                self.from_ts, self.from_pct, self.to_pct, self.grown_at = ts, earlier, level, now.ts
                return
        if not levels or now.ts - levels[-1][0] >= _SPACING_S:
            levels.append((now.ts, level))
            self.lat, self.lon = now.lat, now.lon

    def _settle(self, level: float, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        assert self.from_ts is not None
        thresholds = context.thresholds
        sign = 1.0 if self.to_pct > self.from_pct else -1.0
        change = (level - self.from_pct) * sign
        if change < (thresholds.fuel_fill_pct if sign > 0 else thresholds.fuel_drop_pct):
            self.from_ts = None
            return
        if (level - self.to_pct) * sign > _GROWN_PCT:
            self.to_pct, self.grown_at = level, now.ts
        elif now.ts - self.grown_at >= thresholds.fuel_settle_s:
            say(
                Finding(
                    kind="fuel_fill" if sign > 0 else "fuel_drop",
                    started_at=self.from_ts,
                    ended_at=now.ts,
                    lat=now.lat,
                    lon=now.lon,
                    value=change,
                    detail={"from_pct": self.from_pct, "to_pct": level},
                )
            )
            self.from_ts = None
            self.levels[:] = [(now.ts, level)]
            self.lat, self.lon = now.lat, now.lon
