"""In and out of geofences (kind `geofence`): an interval "inside", its subject the id of the fence.

A border is believed to be crossed when the vehicle is `fence_margin_m` away from where it last was on the other side,
or has been on this side for `fence_settle_s` without a break. So the jitter of one that stands on the border says
nothing, while one that drives through is seen at once, with 5 s and with 60 s between points alike. A stay begins with
its first point inside and ends with the first point outside: nothing is said about what lies between two points, and
a fence that is passed between two points is not invented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample
from core.telemetry.rules.geo import distance_m


class Stay(msgspec.Struct):
    """One fence and the vehicle in it. `said`: the entry is believed. `left_at`: outside since, not believed yet.

    `other_lat`, `other_lon` are where it last was on the other side of the border it may be crossing.
    """

    since: float
    lat: float
    lon: float
    other_lat: float | None
    other_lon: float | None
    said: bool = False
    left_at: float | None = None


class Stays(Detector):
    """Remembers the last place, the fences that hold it, and each stay."""

    name: ClassVar[str] = "stays"

    lat: float | None = None
    lon: float | None = None
    here: frozenset[int] = frozenset()
    crossing: bool = False
    stays: dict[str, Stay] = msgspec.field(default_factory=dict)

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say a stay when it is believed to have begun, and again when it is believed to have ended."""
        lat, lon = now.lat, now.lon
        if lat is None or lon is None or context.fences is None:
            return
        here = context.fences.at(lat, lon, now.ts)
        if self.crossing or here != self.here:
            self._leave(here, now.ts, lat, lon, context, say)
            self._enter(here, now.ts, lat, lon, context, say)
            self.here = here
            self.crossing = any(not stay.said or stay.left_at is not None for stay in self.stays.values())
        self.lat, self.lon = lat, lon

    def rest(self, before: Sample | None, context: Context, say: Callable[[Found], None]) -> None:
        """Say the stays that last."""
        for subject, stay in self.stays.items():
            if stay.said:
                say(_finding(subject, stay, None))

    def _leave(
        self,
        here: frozenset[int],
        ts: float,
        lat: float,
        lon: float,
        context: Context,
        say: Callable[[Found], None],
    ) -> None:
        for subject in [key for key in self.stays if int(key) not in here]:
            stay = self.stays[subject]
            if not stay.said:
                del self.stays[subject]
                continue
            if stay.left_at is None:
                stay.left_at, stay.other_lat, stay.other_lon = ts, self.lat, self.lon
            if _is_across(stay, stay.left_at, ts, lat, lon, context):
                say(_finding(subject, stay, stay.left_at))
                del self.stays[subject]

    def _enter(
        self,
        here: frozenset[int],
        ts: float,
        lat: float,
        lon: float,
        context: Context,
        say: Callable[[Found], None],
    ) -> None:
        for fence_id in sorted(here):
            subject = str(fence_id)
            stay = self.stays.get(subject)
            if stay is None:
                stay = Stay(since=ts, lat=lat, lon=lon, other_lat=self.lat, other_lon=self.lon)
                self.stays[subject] = stay
            stay.left_at = None
            if not stay.said and _is_across(stay, stay.since, ts, lat, lon, context):
                stay.said = True
                say(_finding(subject, stay, None))


def _is_across(stay: Stay, since: float, ts: float, lat: float, lon: float, context: Context) -> bool:
    """Whether the border is believed to be crossed: far enough from the other side, or long enough on this one."""
    thresholds = context.thresholds
    if stay.other_lat is None or stay.other_lon is None or ts - since >= thresholds.fence_settle_s:
        return True
    return bool(distance_m(stay.other_lat, stay.other_lon, lat, lon) >= thresholds.fence_margin_m)


def _finding(subject: str, stay: Stay, ended_at: float | None) -> Finding:
    return Finding(
        kind="geofence",
        subject=subject,
        started_at=stay.since,
        ended_at=ended_at,
        lat=stay.lat,
        lon=stay.lon,
        value=None if ended_at is None else ended_at - stay.since,
    )
