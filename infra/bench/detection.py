"""What detection costs for each point, next to an empty loop over the same points, and what a fence is found in.

    python -m infra.bench.detection

Points of one calm drive in which nothing happens, among 5,000 geofences of a city. Takes some ten seconds.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from datetime import UTC
from typing import Any

from core.events.rules.catalog import DETECTORS
from core.events.rules.fences import Fence, FenceIndex
from core.telemetry.rules.detector import Circle, Context, Polygon, Sample
from core.telemetry.rules.limits import THRESHOLDS
from infra.bench.result import record

FENCES = 5_000
POINTS = 20_000
ROUNDS = 5
_SOUTH, _NORTH, _WEST, _EAST = 37.6, 37.9, -122.6, -122.2


def main() -> None:
    """Measure once."""
    rnd = random.Random(1)  # noqa: S311 - the same city each time
    fences = [Fence(id=n, form=_form(rnd, n)) for n in range(FENCES)]
    started = time.process_time()
    index = FenceIndex(fences)
    built_s = time.process_time() - started
    places = [(rnd.uniform(_SOUTH, _NORTH), rnd.uniform(_WEST, _EAST)) for _ in range(POINTS)]
    points = _drive()
    context = Context(vehicle_id=1, vehicle_class="car", zone=UTC, thresholds=THRESHOLDS["car"], fences=index)
    empty_us = _best_us(lambda: _loop(points))
    figures = {
        "fences": FENCES,
        "index_built_s": round(built_s, 3),
        "fences_found_a_place": round(sum(len(index.at(*place)) for place in places) / POINTS, 2),
        "find_us": round(_best_us(lambda: _find(index, places)), 2),
        "empty_loop_us": round(empty_us, 3),
        "detect_us": round(_best_us(lambda: _detect(points, context)) - empty_us, 2),
    }
    record("detection", figures)


def _form(rnd: random.Random, n: int) -> Circle | Polygon:
    lat, lon = rnd.uniform(_SOUTH, _NORTH), rnd.uniform(_WEST, _EAST)
    if n % 2:
        return Circle(lat=lat, lon=lon, radius_m=rnd.choice((30.0, 100.0, 300.0)))
    size, corners = rnd.choice((0.0005, 0.001, 0.003)), rnd.choice((4, 12, 60))
    ring = []
    for corner in range(corners):
        turn, reach = 2 * math.pi * corner / corners, size * rnd.uniform(0.7, 1.0)
        ring.append((lon + reach * math.cos(turn), lat + reach * math.sin(turn)))
    return Polygon(coordinates=[[[*ring, ring[0]]]])


def _drive() -> list[Sample]:
    return [
        Sample(
            ts=1_790_000_000.0 + 5.0 * n,
            lat=37.75 + n * 1e-6,
            lon=-122.45 + n * 1e-6,
            speed_kmh=50.0 + math.sin(n / 10.0),
            ignition=True,
            odometer_m=n,
            fuel_pct=50.0 + math.sin(n),
            rpm=2000.0,
            voltage_v=13.8,
            dtc=[],
            driver_key="A",
            extra={"gsm": 4},
        )
        for n in range(POINTS)
    ]


def _best_us(run: Callable[[], None]) -> float:
    """The best of some rounds, in microseconds of processor time a point."""
    best = math.inf
    for _ in range(ROUNDS):
        started = time.process_time()
        run()
        best = min(best, time.process_time() - started)
    return best / POINTS * 1e6


def _loop(points: list[Sample]) -> None:
    before = None
    for now in points:
        before = now
    del before


def _find(index: FenceIndex, places: list[tuple[float, float]]) -> None:
    for lat, lon in places:
        index.at(lat, lon, 0.0)


def _detect(points: list[Sample], context: Context) -> None:
    said: list[Any] = []
    steps = [kind().step for kind in DETECTORS]
    before = None
    for now in points:
        for step in steps:
            step(before, now, context, said.append)
        before = now


if __name__ == "__main__":
    main()
