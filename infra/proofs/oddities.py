"""What the product makes of the oddities that real recordings hold: which rule names each, or that it is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from core.telemetry.rules.geo import distance_m
from core.telemetry.schemas import Point
from infra.proofs.recordings import Row, find_fates, read_fleet, read_rows, to_point

CLASSES: Mapping[str, str] = {"capmetro": "bus"}
SOURCES = ("cabspotting", "capmetro", "envirocar", "driveplotr", "ndsbr", "porto")


class Seen(NamedTuple):
    """A point with the one before it in the file, its row, and whether its second had been there already."""

    point: Point
    before: Point | None
    row: Row
    again: bool


class Oddity(NamedTuple):
    """One way of being odd, and what may become of such a point."""

    name: str
    is_odd: Callable[[Seen], bool]
    fates: frozenset[str]


def _jumps(seen: Seen, least_m: float = 0.0) -> bool:
    before, now = seen.before, seen.point
    if before is None or None in (before.lat, before.lon, now.lat, now.lon):
        return False
    seconds = (now.ts - before.ts).total_seconds()
    if not 0 < seconds <= 600 or before.lat == before.lon == 0 or now.lat == now.lon == 0:
        return False
    metres = distance_m(before.lat or 0, before.lon or 0, now.lat or 0, now.lon or 0)
    return metres > least_m and metres / seconds * 3.6 > 200


STORED = frozenset({"stored"})
MENDED = STORED | {"stored, but fix_bad", "stored, but course_out_of_range"}
ODDITIES: Sequence[Oddity] = (
    Oddity("position 0, 0", lambda s: s.point.lat == s.point.lon == 0, frozenset({"coordinates_null_island"})),
    Oddity(
        "one coordinate, or none",
        lambda s: s.point.lat is None or s.point.lon is None,
        frozenset({"coordinates_incomplete", "stored"}),
    ),
    Oddity(
        "speed above 250 km/h, or below 0",
        lambda s: s.point.speed_kmh is not None and not 0 <= s.point.speed_kmh <= 250,
        frozenset({"speed_impossible", "coordinates_null_island"}),
    ),
    Oddity(
        "second GPS speed below 0",
        lambda s: (s.row["gps_speed_kmh"] or "0").startswith("-"),
        MENDED,
    ),
    Oddity(
        "course above 360°",
        lambda s: s.point.course_deg is not None and s.point.course_deg > 360,
        frozenset({"stored, but course_out_of_range", "stored, but fix_bad"}),
    ),
    Oddity(
        "HDOP above 20",
        lambda s: s.point.hdop is not None and s.point.hdop > 20,
        frozenset({"stored, but fix_bad", "duplicate"}),
    ),
    Oddity("a second that was there already", lambda s: s.again, frozenset({"duplicate"})),
    Oddity(
        "earlier than the point before",
        lambda s: s.before is not None and s.point.ts < s.before.ts,
        frozenset({"stored", "speed_impossible", "coordinates_null_island", "jump_impossible", "duplicate"}),
    ),
    Oddity(
        "more than 250 m at more than 200 km/h",
        lambda s: _jumps(s, 250.0),
        # Back from a place that was refused it is right again.
        frozenset({"jump_impossible", "stored"}),
    ),
    Oddity(
        "up to 250 m at more than 200 km/h",
        lambda s: _jumps(s) and not _jumps(s, 250.0),
        frozenset({"stored", "jump_impossible"}),
    ),
    Oddity(
        "speed of 120 to 250 km/h",
        lambda s: 120 < (s.point.speed_kmh or 0) <= 250,
        MENDED | {"duplicate"},
    ),
    Oddity(
        "more than an hour after the point before",
        lambda s: s.before is not None and s.point.ts - s.before.ts > timedelta(hours=1),
        STORED,
    ),
)


def prove() -> bool:
    """Judge all recordings; holds when nothing became what it should not."""
    held = True
    for source in SOURCES:
        fates, odd = judge_source(source)
        print(f"{source}: {sum(fates.values()):,} points, {dict(fates.most_common())}")
        for name, became in odd.items():
            print(f"  {name:<45} {sum(became.values()):>7,}  {dict(became.most_common())}")
        held = held and not list(find_wrong(odd))
    print(f"obd: {dict(judge_obd().most_common())}")
    return held


def judge_source(
    source: str, keep: Callable[[str], bool] = lambda line: True
) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """What became of all points of a source, and of those that are odd, by oddity."""
    fates: Counter[str] = Counter()
    odd: dict[str, Counter[str]] = {}
    for rows in read_fleet(source, keep).values():
        points = [to_point(row) for row in rows]
        became = find_fates(points, CLASSES.get(source, "car"))
        fates.update(became)
        moments: set[datetime] = set()
        for n, (point, fate) in enumerate(zip(points, became, strict=True)):
            seen = Seen(point, points[n - 1] if n else None, rows[n], point.ts in moments)
            moments.add(point.ts)
            for oddity in ODDITIES:
                if oddity.is_odd(seen):
                    odd.setdefault(oddity.name, Counter())[fate] += 1
    return fates, odd


def find_wrong(odd: Mapping[str, Counter[str]]) -> Iterator[tuple[str, str]]:
    """Oddities that became what they should not."""
    allowed = {oddity.name: oddity.fates for oddity in ODDITIES}
    for name, became in odd.items():
        yield from ((name, fate) for fate in became if fate not in allowed[name])


_OBD: Mapping[str, str] = {
    "rpm": "engine_rpm",
    "speed_kmh": "vehicle_speed",
    "engine_temp_c": "coolant_temperature",
    "fuel_pct": "fuel_tank",
    "voltage_v": "control_module_voltage",
}


def judge_obd() -> Counter[str]:
    """What becomes of the OBD car's rows. It has no clock: its rows are taken as half a second apart."""
    at = datetime(2020, 1, 1, tzinfo=UTC)
    points = []
    for n, row in enumerate(read_rows("obd_sample.csv.gz")):
        numbers: dict[str, Any] = {name: float(row[column]) for name, column in _OBD.items() if row[column].strip()}
        points.append(Point(ts=at + timedelta(seconds=n / 2), **numbers))
    return Counter(find_fates(points))
