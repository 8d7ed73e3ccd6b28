"""Drives made up for tests: sampled from a plan of legs, with a receiver's noise, and folded by detectors."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo

import msgspec

from core.telemetry.rules.detector import Context, Detector, Found, Period, Sample, Stop, Trip
from core.telemetry.rules.limits import THRESHOLDS, Thresholds

START = 1_750_000_020.0
LAT, LON = 37.75, -122.42
EAST_M = 111_195.08 * math.cos(math.radians(LAT))
Leg = tuple[float, float]
"""How many seconds at how many km/h."""


def sample_drive(
    legs: Sequence[Leg],
    *,
    every_s: float,
    start: float = START,
    noise_m: float = 3.0,
    says_speed: bool = True,
    says_ignition: bool = True,
    seed: int = 1,
) -> list[Sample]:
    """The points of a drive to the east. A receiver's noise wanders slowly, as real ones do."""
    chance = random.Random(seed)
    length = sum(seconds for seconds, _ in legs)
    drift_n = drift_e = 0.0
    points = []
    for n in range(int(length // every_s) + 1):
        gone_m, speed = _place(legs, n * every_s)
        drift_n = 0.9 * drift_n + chance.gauss(0, noise_m) * 0.43
        drift_e = 0.9 * drift_e + chance.gauss(0, noise_m) * 0.43
        points.append(
            Sample(
                start + n * every_s,
                LAT + drift_n / 111_195.08,
                LON + (gone_m + drift_e) / EAST_M,
                speed_kmh=max(0.0, speed + chance.gauss(0, 0.5)) if says_speed else None,
                ignition=speed > 0 if says_ignition else None,
            )
        )
    return points


def _place(legs: Sequence[Leg], at_s: float) -> tuple[float, float]:
    gone_m = 0.0
    for seconds, speed in legs:
        if at_s < seconds:
            return gone_m + at_s * speed / 3.6, speed
        gone_m += seconds * speed / 3.6
        at_s -= seconds
    return gone_m, 0.0


def context(zone: tzinfo = UTC, readings: tuple[tuple[float, float], ...] = (), vehicle_class: str = "car") -> Context:
    """What detectors may look at, with the limits of an installation that says nothing of its own."""
    thresholds: Thresholds = THRESHOLDS[vehicle_class]
    return Context(vehicle_id=1, vehicle_class=vehicle_class, zone=zone, thresholds=thresholds, readings=readings)


def fold(
    detector: Detector, points: Iterable[Sample], within: Context, before: Sample | None = None, rest: bool = True
) -> list[Found]:
    """Feed the points; what was said, in its order, with what is said at rest."""
    said: list[Found] = []
    for point in points:
        detector.step(before, point, within, said.append)
        before = point
    if rest:
        detector.rest(before, within, said.append)
    return said


def reborn(detector: Detector) -> Detector:
    """The detector as it comes back from a checkpoint."""
    return msgspec.json.decode(msgspec.json.encode(detector), type=type(detector))


def last_said(said: Iterable[Found]) -> dict[tuple[object, ...], Found]:
    """What stands in the end, by what each is keyed by."""
    return {_key(found): found for found in said}


def _key(found: Found) -> tuple[object, ...]:
    if isinstance(found, Period):
        return ("period", found.width, found.start)
    if isinstance(found, (Trip, Stop)):
        return (type(found).__name__, found.started_at)
    return tuple(getattr(found, name, None) for name in ("kind", "subject", "started_at"))


def split(
    make: type[Detector], points: Sequence[Sample], within: Context, cuts: Iterable[int]
) -> dict[tuple[object, ...], Found]:
    """What stands in the end when the points come in pieces, and the detector goes through a checkpoint at each cut."""
    detector, stands, done = make(), {}, 0
    for cut in [*sorted(cuts), len(points)]:
        before = points[done - 1] if done else None
        stands |= last_said(fold(detector, points[done:cut], within, before))
        detector, done = reborn(detector), cut
    return stands


def rewind(
    make: type[Detector], points: Sequence[Sample], late: set[int], within: Context
) -> dict[tuple[object, ...], Found]:
    """What stands when some points come late: go back to the checkpoint at the hour before the first of them.

    What had been said of the time from there on, and is not said again, is withdrawn; so does the follower.
    """
    arrived = [point for n, point in enumerate(points) if n not in late]
    missing = min((points[n].ts for n in late), default=points[-1].ts)
    boundary = missing // 3600 * 3600
    detector = make()
    head = [point for point in arrived if point.ts < boundary]
    stands = last_said(fold(detector, head, within, rest=False))
    checkpoint = msgspec.json.encode(detector)
    fold(detector, [point for point in arrived if point.ts >= boundary], within, head[-1] if head else None)
    again = msgspec.json.decode(checkpoint, type=make)
    tail = [point for point in points if point.ts >= boundary]
    return stands | last_said(fold(again, tail, within, head[-1] if head else None))
