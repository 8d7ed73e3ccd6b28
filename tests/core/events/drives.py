"""Drives to put before detectors: points at a rhythm, and what a run of detectors says of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

import msgspec

from core.events.rules.catalog import DETECTORS
from core.events.rules.fences import Fence, FenceIndex
from core.telemetry.rules.detector import Circle, Context, Detector, Finding, Polygon, Sample
from core.telemetry.rules.limits import THRESHOLDS
from core.telemetry.rules.mileage import MileageFusion

START = 1_790_000_000.0
LAT, LON = 37.76, -122.42
M = 1.0 / 111_195.0
"""One metre to the north, in degrees."""

DEPOT = Fence(id=7, form=Circle(lat=LAT, lon=LON, radius_m=200.0))
YARD = Fence(
    id=8,
    form=Polygon(
        coordinates=[
            [[(LON + x, LAT + y) for x, y in ((0.01, 0.01), (0.02, 0.01), (0.02, 0.02), (0.01, 0.02), (0.01, 0.01))]]
        ]
    ),
)
FENCES = FenceIndex([DEPOT, YARD])


def context(vehicle_class: str = "car", fences: Any = FENCES) -> Context:
    return Context(
        vehicle_id=1,
        vehicle_class=vehicle_class,
        zone=UTC,
        thresholds=THRESHOLDS[vehicle_class],
        fences=fences,
    )


def row(every_s: float, *parts: tuple[int, dict[str, Any]], start: float = START) -> list[Sample]:
    """Points `every_s` seconds apart: of each part so many, with these fields."""
    samples = []
    for count, fields in parts:
        for _ in range(count):
            samples.append(Sample(ts=start + every_s * len(samples), **fields))
    return samples


def north(every_s: float, metres: Iterable[float], **fields: Any) -> list[Sample]:
    """Points so many metres to the north of the depot's middle, `every_s` seconds apart."""
    return [Sample(ts=START + every_s * n, lat=LAT + m * M, lon=LON, **fields) for n, m in enumerate(metres)]


def fold(
    samples: Sequence[Sample], where: Context | None = None, cuts: Iterable[int] = ()
) -> dict[tuple[Any, ...], Finding]:
    """What all detectors say of the samples, by key; with a checkpoint through JSON before each sample in `cuts`."""
    where, cut = where or context(), set(cuts)
    detectors: list[Detector] = [kind() for kind in (*DETECTORS, MileageFusion)]
    said: dict[tuple[Any, ...], Finding] = {}

    def say(found: Any) -> None:
        if isinstance(found, Finding):
            said[found.kind, found.subject, found.started_at] = found

    before = None
    for n, now in enumerate(samples):
        if n in cut:
            for detector in detectors:
                detector.rest(before, where, say)
            detectors = [thaw(detector) for detector in detectors]
        for detector in detectors:
            detector.step(before, now, where, say)
        before = now
    for detector in detectors:
        detector.rest(before, where, say)
    return said


def thaw(detector: Detector) -> Detector:
    """The detector out of its own checkpoint."""
    return msgspec.json.decode(msgspec.json.encode(detector), type=type(detector))


def found(samples: Sequence[Sample], kind: str, where: Context | None = None) -> list[Finding]:
    """The findings of one kind."""
    return [finding for finding in fold(samples, where).values() if finding.kind == kind]


def any_drive(seed: int, count: int) -> list[Sample]:
    """A drive of anything: rhythms, gaps, standing, speeding, fences, faults, fuel, keys, and much left out."""
    rnd = random.Random(seed)
    ts, lat, lon, fuel, speed = START, LAT, LON, 60.0, 0.0
    ignition: bool | None = True
    samples = []
    for _ in range(count):
        ts += rnd.choice((1, 1, 5, 5, 5, 60, 60, 300, 4000))
        speed = max(0.0, speed + rnd.choice((0, 0, 0, 2, -2, 30, -30, 60, -120)))
        lat += rnd.choice((0, 0, 1e-4, -1e-4, 1e-3, -1e-3, 0.01, -0.01))
        fuel = min(100.0, max(0.0, fuel + rnd.choice((0, 0, -0.1, 1, -1, 20, -20))))
        ignition = rnd.choice((ignition, ignition, True, False, None))
        samples.append(
            Sample(
                ts=ts,
                lat=rnd.choice((lat, lat, lat, None)),
                lon=lon,
                speed_kmh=rnd.choice((speed, speed, speed, None)),
                ignition=ignition,
                fuel_pct=rnd.choice((fuel, fuel, None)),
                rpm=rnd.choice((None, 0.0, 900.0)),
                voltage_v=rnd.choice((12.6, 12.6, 3.9, None)),
                dtc=rnd.choice((None, [], ["P0300"], ["P0300", "P0171"])),
                driver_key=rnd.choice((None, "A", "B")),
                extra=rnd.choice((None, {}, {"green_driving": 2}, {"unplug": 1}, {"alarm": "powerRestored"})),
            )
        )
    return samples
