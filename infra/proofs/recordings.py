"""The real recordings as points, believed or refused by the product's own rules, without a database."""

from __future__ import annotations

import csv
import gzip
import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from core.telemetry.rules.cleaning import clean
from core.telemetry.rules.detector import Sample
from core.telemetry.rules.limits import LIMITS
from core.telemetry.schemas import Point, Reading, RefusedReading
from infra.errors import CannotStart

Row = dict[str, str]
# Recordings are years old; of how old a point may be they prove nothing.
ANY_AGE = {name: msgspec.structs.replace(limits, past_s=1e12) for name, limits in LIMITS.items()}


def folder() -> Path:
    """Where the recordings are: ERP_RECORDINGS, or shared/data beside the repository."""
    beside = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("ERP_RECORDINGS", beside))


def read_rows(name: str, keep: Callable[[str], bool] = lambda line: True) -> Iterator[Row]:
    """The rows of one file whose line `keep` wants. Raises CannotStart when the file is not there."""
    file = folder() / name
    if not file.exists():
        raise CannotStart(f"{file} is not there; set ERP_RECORDINGS to the folder of the recordings.")
    with gzip.open(file, "rt", newline="") as text:
        head = next(text)
        yield from csv.DictReader(itertools.chain([head], filter(keep, text)))


def read_fleet(source: str, keep: Callable[[str], bool] = lambda line: True) -> dict[str, list[Row]]:
    """The rows of one source of the fleet, in the order of the file, by vehicle."""
    rows: dict[str, list[Row]] = defaultdict(list)
    mark = f"{source},"
    for row in read_rows("fleet_sample.csv.gz", lambda line: line.startswith(mark) and keep(line)):
        rows[row["vehicle_id"]].append(row)
    return rows


def to_point(row: Row) -> Point:
    """A row as the device would have said it."""
    return Point(
        ts=datetime.fromisoformat(row["ts"]),
        lat=_number(row["lat"]),
        lon=_number(row["lon"]),
        altitude_m=_number(row["alt_m"]),
        speed_kmh=_number(row["speed_kmh"]),
        course_deg=_number(row["heading_deg"]),
        satellites=int(float(row["sats"])) if row["sats"] else None,
        hdop=_number(row["hdop"]),
        rpm=_number(row["rpm"]),
        fuel_rate_lph=_number(row["fuel_rate_lph"]),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


class Judged(NamedTuple):
    """One vehicle's points in the order of time: those believed, each moment once; what was refused whole, and what
    was left out of points that were believed.
    """

    believed: list[Point]
    refused: list[RefusedReading]
    left_out: list[RefusedReading]


def judge(points: Sequence[Point], vehicle_class: str = "car") -> Judged:
    """What the filters make of one vehicle's points."""
    readings = [Reading(index=n, vehicle_id=1, point=point) for n, point in enumerate(points)]
    at = max((point.ts for point in points), default=datetime.now(UTC))
    cleaned = clean(readings, fixes={}, earlier={}, at=at, classes={1: vehicle_class}, limits=ANY_AGE)
    believed: dict[datetime, Point] = {}
    for reading in cleaned.believed.get(1, ()):
        believed.setdefault(reading.point.ts, reading.point)
    return Judged([believed[ts] for ts in sorted(believed)], cleaned.refused, cleaned.left_out)


def find_fates(points: Sequence[Point], vehicle_class: str = "car") -> list[str]:
    """What becomes of each of one vehicle's points: the rule that refuses it, "duplicate", "stored", or "stored, but"
    and the first rule by which a value of it was left out.
    """
    believed, refused, left_out = judge(points, vehicle_class)
    rules = {refusal.index: refusal.rule for refusal in refused}
    mended = {doubt.index: f"stored, but {doubt.rule}" for doubt in reversed(left_out)}
    waiting = {point.ts for point in believed}
    fates = []
    for n, point in enumerate(points):
        fates.append(rules.get(n) or (mended.get(n, "stored") if point.ts in waiting else "duplicate"))
        if n not in rules:
            waiting.discard(point.ts)
    return fates


def to_sample(point: Point) -> Sample:
    """A believed point as the detectors see it."""
    return Sample(
        point.ts.timestamp(),
        point.lat,
        point.lon,
        speed_kmh=point.speed_kmh,
        ignition=point.ignition,
        fuel_rate_lph=point.fuel_rate_lph,
        rpm=point.rpm,
    )
