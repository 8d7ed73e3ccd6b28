"""Harsh acceleration, braking and cornering: from the change of speed between near points, and as devices report it.

The mean change over a short time never exceeds its peak, so what is found is true however the points lie; over more
than `harsh_within_s` between two points it says nothing and is not asked. A speed that jumps and comes back with the
next point is a slip of the receiver: a change is believed when the next point, in as short a time, bears it out.
Cornering is only ever reported: points do not show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import msgspec

from core.events.rules import reported
from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample

_MPS_PER_KMH = 1.0 / 3.6
_QUIET_S = 10.0
_CALM_KMH = 2.0
# More than tyres hold on a road: what changes faster is not the vehicle.
_IMPOSSIBLE_MPS2 = 12.0


class Change(msgspec.Struct):
    """A change of speed that goes on: from when, where and how fast; its harshest step in m/s²; how fast it is now."""

    since: float
    lat: float | None
    lon: float | None
    from_kmh: float
    to_kmh: float
    harshest_mps2: float


class Harsh(Detector):
    """The change of speed that goes on, and when something was last said, so that twice is once."""

    name: ClassVar[str] = "harsh"

    change: Change | None = None
    last_kind: str = ""
    last_ts: float | None = None

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say what the device reports at its moment, and a change of speed when the next point bears it out."""
        extra = now.extra
        if extra and ("green_driving" in extra or "alarm" in extra):
            kind = reported.harsh(extra)
            if kind is not None and not self._is_said(kind, now.ts):
                self._say(kind, now.ts, now.ts, (now.lat, now.lon), None, {"reported": True}, say)
        speed = now.speed_kmh
        if before is None or speed is None or before.speed_kmh is None:
            self.change = None
            return
        step_kmh = speed - before.speed_kmh
        if self.change is None and -_CALM_KMH < step_kmh < _CALM_KMH:
            return
        self._follow(before, now, step_kmh, context, say)

    def _follow(
        self, before: Sample, now: Sample, step_kmh: float, context: Context, say: Callable[[Found], None]
    ) -> None:
        seconds = now.ts - before.ts
        if seconds > context.thresholds.harsh_within_s:
            self.change = None
            return
        rate = step_kmh * _MPS_PER_KMH / seconds
        change = self.change
        if change is not None and (rate > 0) == (change.harshest_mps2 > 0) and _is_harsh(rate, before, now, context):
            change.to_kmh = now.speed_kmh or 0.0
            change.harshest_mps2 = max(change.harshest_mps2, rate, key=abs)
            return
        if change is not None:
            self._judge(change, now, say)
            self.change = None
        if _is_harsh(rate, before, now, context):
            self.change = Change(
                since=before.ts,
                lat=before.lat,
                lon=before.lon,
                from_kmh=before.speed_kmh or 0.0,
                to_kmh=now.speed_kmh or 0.0,
                harshest_mps2=rate,
            )

    def _judge(self, change: Change, now: Sample, say: Callable[[Found], None]) -> None:
        """Say the change that has ended, unless this point takes back more than half of it."""
        kind = "harsh_acceleration" if change.harshest_mps2 > 0 else "harsh_braking"
        kept = ((now.speed_kmh or 0.0) - change.from_kmh) / (change.to_kmh - change.from_kmh)
        if kept >= 0.5 and not self._is_said(kind, now.ts):
            detail = {"from_kmh": change.from_kmh, "to_kmh": change.to_kmh}
            place = (change.lat, change.lon)
            self._say(kind, change.since, now.ts, place, abs(change.harshest_mps2), detail, say)

    def _is_said(self, kind: str, ts: float) -> bool:
        return kind == self.last_kind and self.last_ts is not None and ts - self.last_ts < _QUIET_S

    def _say(
        self,
        kind: str,
        started_at: float,
        ended_at: float,
        place: tuple[float | None, float | None],
        value: float | None,
        detail: Mapping[str, object],
        say: Callable[[Found], None],
    ) -> None:
        self.last_kind, self.last_ts = kind, ended_at
        lat, lon = place
        say(
            Finding(
                kind=kind, started_at=started_at, ended_at=ended_at, lat=lat, lon=lon, value=value, detail=dict(detail)
            )
        )


def _is_harsh(rate_mps2: float, before: Sample, now: Sample, context: Context) -> bool:
    thresholds = context.thresholds
    if max(before.speed_kmh or 0.0, now.speed_kmh or 0.0) < thresholds.harsh_min_kmh:
        return False
    limit = thresholds.harsh_acceleration_mps2 if rate_mps2 > 0 else thresholds.harsh_braking_mps2
    return bool(limit <= abs(rate_mps2) <= _IMPOSSIBLE_MPS2)
