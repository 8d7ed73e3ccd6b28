"""A planned drive: the line, how fast one may be where, and where the lights will be red."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from infra.simulators.fleet.streets import Point, Street, StreetMap

BRAKING_MS2 = 1.8
RED_LIGHT_CHANCE = 0.25
RED_LIGHT_S = (5, 40)
FIRST_RED_AFTER_M = 60.0

# Sharper bends are taken slower: (turn in degrees, speed in km/h).
BEND_KMH = ((100.0, 10.0), (60.0, 16.0), (30.0, 25.0), (15.0, 40.0))


@dataclass(frozen=True, slots=True)
class Route:
    """Lists run along the points: `at_m` from the start, `pass_ms` the speed there that leaves room to brake.

    `limit_ms[i]` holds between points i and i + 1. `reds` are (metres from start, seconds to wait), in order.
    """

    points: list[Point]
    at_m: list[float]
    pass_ms: list[float]
    limit_ms: list[float]
    reds: list[tuple[float, int]]
    goal: int

    @property
    def length_m(self) -> float:
        """From the first to the last point."""
        return self.at_m[-1]


def plan(streets: StreetMap, start: int, rng: Random, *, pace: float = 1.0, non_stop: bool = False) -> Route:
    """A drive of a few kilometres from a junction. `pace` is the driver's share of the speed limit.

    `non_stop` meets no red light and does not slow down to a standstill at the end.
    """
    goal = streets.somewhere_from(start, rng, low_m=1200, high_m=4500)
    way = streets.way(start, goal)
    points, at_m, limit_ms = _join(way, pace)
    reds = [] if non_stop else _red_lights(streets, way, rng)
    red_at = {at for at, _ in reds}
    caps = [_bend_ms(points, i) if at not in red_at else 0.0 for i, at in enumerate(at_m)]
    caps[-1] = 5.0 if non_stop else 0.0
    return Route(points, at_m, _leave_room_to_brake(caps, at_m, limit_ms), limit_ms, reds, goal)


def _join(way: Sequence[Street], pace: float) -> tuple[list[Point], list[float], list[float]]:
    points, at_m, limits = [way[0].points[0]], [0.0], []
    for street in way:
        for point in street.points[1:]:
            step = math.dist(points[-1], point)
            if step > 0:
                points.append(point)
                at_m.append(at_m[-1] + step)
                limits.append(min(street.limit_ms * pace, 60 / 3.6))
    return points, at_m, limits


def _red_lights(streets: StreetMap, way: Sequence[Street], rng: Random) -> list[tuple[float, int]]:
    reds: list[tuple[float, int]] = []
    at, last = 0.0, 0.0
    _, ends, _ = _join(way, 1.0)
    for street in way[:-1]:
        at += street.length_m
        crossing = len(streets.streets[street.to]) >= 4
        if crossing and at - last > FIRST_RED_AFTER_M and rng.random() < RED_LIGHT_CHANCE:
            nearest = min(ends, key=lambda end: abs(end - at))  # the same sum, added in another order
            reds.append((nearest, rng.randint(*RED_LIGHT_S)))
            last = at
    return reds


def _bend_ms(points: Sequence[Point], index: int) -> float:
    if not 0 < index < len(points) - 1:
        return math.inf
    (ax, ay), (bx, by), (cx, cy) = points[index - 1 : index + 2]
    turn = abs(math.degrees(math.atan2(cy - by, cx - bx) - math.atan2(by - ay, bx - ax)))
    turn = min(turn, 360 - turn)
    return next((kmh / 3.6 for sharper, kmh in BEND_KMH if turn > sharper), math.inf)


def _leave_room_to_brake(caps: list[float], at_m: Sequence[float], limit_ms: Sequence[float]) -> list[float]:
    """v² = v_next² + 2·b·d, from the end to the start."""
    room = list(caps)
    for i in range(len(room) - 2, -1, -1):
        reachable = math.sqrt(room[i + 1] ** 2 + 2 * BRAKING_MS2 * (at_m[i + 1] - at_m[i]))
        room[i] = min(room[i], reachable, limit_ms[i], limit_ms[i - 1] if i else math.inf)
    return room
