"""Driving a route: speed and place, half a second at a time."""

from __future__ import annotations

import math

from infra.simulators.fleet.route import BRAKING_MS2, Route
from infra.simulators.fleet.streets import Point

STEP_S = 0.5
ACCELERATION_MS2 = 1.9
TOP_MS = 25.0
HARDEST_BRAKING_MS2 = 3.0
ARRIVED_M = 0.3


class Ride:
    """Where a vehicle is on its route and how fast it goes."""

    def __init__(self, route: Route, *, speed_ms: float = 0.0, at_m: float = 0.0) -> None:
        self.route = route
        self.speed_ms = speed_ms
        self.at_m = at_m
        self._reds = [red for red in route.reds if red[0] > at_m]
        self._index = 0
        self._find_index()

    @property
    def is_over(self) -> bool:
        """The end of the route is reached."""
        return self.at_m >= self.route.length_m

    @property
    def point(self) -> Point:
        """Where the vehicle is, in metres of its street map."""
        i, route = self._index, self.route
        share = (self.at_m - route.at_m[i]) / (route.at_m[i + 1] - route.at_m[i])
        (ax, ay), (bx, by) = route.points[i], route.points[i + 1]
        return ax + (bx - ax) * share, ay + (by - ay) * share

    @property
    def course_deg(self) -> float:
        """Direction of travel, clockwise from north."""
        (ax, ay), (bx, by) = self.route.points[self._index : self._index + 2]
        return math.degrees(math.atan2(bx - ax, by - ay)) % 360

    def drive(self, *, brake_to_stop: bool = False) -> int:
        """One step of STEP_S. Returns the seconds to wait when it ended at a red light, else 0."""
        route, i = self.route, self._index
        stop_at = self._reds[0][0] if self._reds else route.length_m
        stop_ms = 0.0 if self._reds else route.pass_ms[-1]
        wish = min(
            self.speed_ms + ACCELERATION_MS2 * (1 - self.speed_ms / TOP_MS) * STEP_S,
            route.limit_ms[i],
            _safe_ms(route.pass_ms[i + 1], route.at_m[i + 1] - self.at_m),
            _safe_ms(stop_ms, stop_at - self.at_m),
        )
        hardest = max(0.0, self.speed_ms - HARDEST_BRAKING_MS2 * STEP_S)
        self.speed_ms = hardest if brake_to_stop else max(wish, hardest)
        self.at_m += self.speed_ms * STEP_S
        if self.at_m < stop_at - ARRIVED_M:
            self._find_index()
            return 0
        return self._arrive(stop_at)

    def _arrive(self, stop_at: float) -> int:
        self.at_m = stop_at
        self._find_index()
        if not self._reds:
            return 0
        self.speed_ms = 0.0
        return self._reds.pop(0)[1]

    def _find_index(self) -> None:
        at_m = self.route.at_m
        while self._index < len(at_m) - 2 and at_m[self._index + 1] <= self.at_m:
            self._index += 1


def _safe_ms(pass_ms: float, gap_m: float) -> float:
    """The speed that still allows `pass_ms` after `gap_m`, braking from the next step on (Krauss 1998)."""
    b = BRAKING_MS2 * STEP_S
    return max(pass_ms, math.sqrt(b * b + pass_ms**2 + 2 * BRAKING_MS2 * max(gap_m, 0.0)) - b)
