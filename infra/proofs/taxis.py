"""Trips found in the San Francisco taxis, compared with when a passenger was aboard.

The taxis say where they are about once a minute, and neither speed nor ignition. Whether a passenger is aboard was
recorded beside; the detectors never see it. A run with a passenger is not a trip: a trip is from standing to standing,
whoever is aboard. So a run should lie in exactly one trip, and where it does not there must be a reason in the points.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from core.telemetry.rules.detector import Context, Detector, Found, Sample, Stop, Trip
from core.telemetry.rules.geo import distance_m
from core.telemetry.rules.limits import THRESHOLDS
from core.telemetry.rules.motion import Motion
from core.telemetry.rules.trips import Trips
from infra.proofs.recordings import Row, judge, read_fleet, read_rows, to_point, to_sample

LIMITS = THRESHOLDS["car"]
CONTEXT = Context(vehicle_id=1, vehicle_class="car", zone=UTC, thresholds=LIMITS)
WITHIN = 0.03


class Occupied(NamedTuple):
    """From the first to the last report with one passenger aboard. Times are Unix seconds."""

    start: float
    end: float
    points: int
    distance_m: float


class Taxi(NamedTuple):
    """What was found in one taxi's points."""

    samples: Sequence[Sample]
    refused: Counter[str]
    refused_at: Sequence[float]
    trips: Sequence[Trip]
    stops: Sequence[Stop]
    gone_m: Sequence[float]
    """How far it had gone at each sample."""
    singles: int
    """How often a passenger was aboard for one report only."""

    def between(self, start: float, end: float) -> slice:
        """Which samples are from `start` to `end`."""
        times = [sample.ts for sample in self.samples]
        return slice(bisect.bisect_left(times, start), bisect.bisect_right(times, end))


class Tally(msgspec.Struct):
    """The comparison, summed over taxis."""

    taxis: int = 0
    points: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    trips: int = 0
    stops: int = 0
    runs: int = 0
    singles: int = 0
    fate: Counter[str] = msgspec.field(default_factory=Counter)
    why: Counter[str] = msgspec.field(default_factory=Counter)
    trip_m: float = 0.0
    circle_m: float = 0.0
    trip_ratios: list[float] = msgspec.field(default_factory=list)
    run_m: float = 0.0
    answer_m: float = 0.0
    doubted_m: float = 0.0
    doubted_answer_m: float = 0.0
    run_ratios: list[float] = msgspec.field(default_factory=list)
    off: Counter[str] = msgspec.field(default_factory=Counter)


def prove() -> bool:
    """Compare all taxis; holds when every run is explained and distances agree within 3 %."""
    tally = compare()
    print("\n".join(describe(tally)))
    return holds(tally)


def holds(tally: Tally) -> bool:
    """Whether every run is explained, and both sums of distances agree within 3 %."""
    unexplained = sum(count for why, count in tally.why.items() if "unexplained" in why)
    ratios = tally.trip_m / tally.circle_m, tally.run_m / tally.answer_m
    return not unexplained and all(abs(ratio - 1) <= WITHIN for ratio in ratios)


def compare(keep: Callable[[str], bool] = lambda name: True) -> Tally:
    """Compare the taxis whose names `keep` wants."""
    runs = read_runs(keep)
    fleet = read_fleet("cabspotting", lambda line: keep(line.split(",", 2)[1]))
    tally = Tally()
    for name, rows in fleet.items():
        _tally_taxi(tally, follow(rows), runs[name])
        rows.clear()
    return tally


def read_runs(keep: Callable[[str], bool]) -> dict[str, list[Occupied]]:
    """The independent answer: runs with a passenger, by taxi."""
    runs: dict[str, list[Occupied]] = defaultdict(list)
    for row in read_rows("cab_trips_sample.csv.gz"):
        if keep(row["vehicle_id"]):
            start, end = (datetime.fromisoformat(row[name]).timestamp() for name in ("start_ts", "end_ts"))
            run = Occupied(start, end, int(row["points"]), float(row["distance_km"]) * 1000)
            runs[row["vehicle_id"]].append(run)
    return runs


def follow(rows: Sequence[Row]) -> Taxi:
    """What the product's rules believe of a taxi's rows, and what its detectors find in them."""
    points, refused, _ = judge([to_point(row) for row in rows])
    samples = [to_sample(point) for point in points]
    found = list(_fold(Trips(), samples))
    motion, gone, way = Motion(), 0.0, []
    for sample in samples:
        gone += motion.step(sample, LIMITS)[1]
        way.append(gone)
    return Taxi(
        samples=samples,
        refused=Counter(refusal.rule for refusal in refused),
        refused_at=sorted(refusal.ts.timestamp() for refusal in refused if refusal.ts is not None),
        trips=[each for each in found if isinstance(each, Trip)],
        stops=[each for each in found if isinstance(each, Stop)],
        gone_m=way,
        singles=sum(
            len(list(reports)) == 1
            for occupied, reports in itertools.groupby(row["occupied"] for row in rows)
            if occupied == "1"
        ),
    )


def _fold(detector: Detector, samples: Sequence[Sample]) -> Iterator[Found]:
    said: list[Found] = []
    before = None
    for sample in samples:
        detector.step(before, sample, CONTEXT, said.append)
        before = sample
    detector.rest(before, CONTEXT, said.append)
    yield from said


def _tally_taxi(tally: Tally, taxi: Taxi, runs: Sequence[Occupied]) -> None:
    tally.taxis += 1
    tally.singles += taxi.singles
    tally.points += len(taxi.samples) + sum(taxi.refused.values())
    tally.refused += taxi.refused
    tally.trips += len(taxi.trips)
    tally.stops += len(taxi.stops)
    tally.runs += len(runs)
    _measure_trips(tally, taxi)
    holding: dict[float, list[Occupied]] = defaultdict(list)
    for run in runs:
        trips = [trip for trip in taxi.trips if _overlap(run, trip)]
        fate, why = _judge_run(run, trips, taxi)
        tally.fate[fate] += 1
        tally.why[why] += bool(why)
        if fate == "in one trip":
            holding[trips[0].started_at].append(run)
        if run.points >= 3 and run.distance_m >= 1000:
            _measure_run(tally, run, taxi)
    for together in holding.values():
        _tally_together(tally, sorted(together), taxi)


def _overlap(run: Occupied, trip: Trip) -> bool:
    ended_at = float("inf") if trip.ended_at is None else trip.ended_at
    return trip.started_at < run.end and run.start < ended_at


def _judge_run(run: Occupied, trips: Sequence[Trip], taxi: Taxi) -> tuple[str, str]:
    if not trips:
        return "in no trip", f"none: {_why_none(run, taxi)}"
    if len(trips) == 1:
        return "in one trip", ""
    return "in several trips", f"several: {_why_several(trips, taxi)}"


def _why_none(run: Occupied, taxi: Taxi) -> str:
    inside = taxi.samples[taxi.between(run.start, run.end)]
    refused = any(run.start <= ts <= run.end for ts in taxi.refused_at)
    if len(inside) < 2:
        return "its points were refused" if refused else "unexplained"
    if max(b.ts - a.ts for a, b in itertools.pairwise(inside)) > LIMITS.gap_s:
        return "a gap longer than 15 min"
    # A trip is 200 m away from where it set off; the run may be the end of something that already stood.
    if _spread_m(inside) < LIMITS.trip_min_m + LIMITS.stop_radius_m:
        return "it hardly left its place"
    return "its points were refused" if refused else "unexplained"


def _why_several(trips: Sequence[Trip], taxi: Taxi) -> str:
    """Stood for three minutes within one place, as the points between say; or was not seen."""
    reasons = set()
    for before, after in itertools.pairwise(sorted(trips, key=lambda trip: trip.started_at)):
        assert before.ended_at is not None
        between = taxi.samples[taxi.between(before.ended_at, after.started_at)]
        longest_s = max((b.ts - a.ts for a, b in itertools.pairwise(between)), default=0.0)
        if longest_s > LIMITS.gap_s:
            reasons.add("a gap longer than 15 min")
        elif _longest_stand_s(between) >= LIMITS.stop_after_s:
            reasons.add("stood for 3 min with the passenger")
        else:
            reasons.add("unexplained")
    return "unexplained" if "unexplained" in reasons else min(reasons)


def _spread_m(samples: Sequence[Sample]) -> float:
    first = samples[0]
    return max(distance_m(first.lat or 0, first.lon or 0, each.lat or 0, each.lon or 0) for each in samples)


def _longest_stand_s(samples: Sequence[Sample]) -> float:
    """The longest time that all reports lie within one place, told from positions alone."""
    longest = 0.0
    for n, first in enumerate(samples):
        for each in samples[n + 1 :]:
            if distance_m(first.lat or 0, first.lon or 0, each.lat or 0, each.lon or 0) >= LIMITS.stop_radius_m:
                break
            longest = max(longest, each.ts - first.ts)
    return longest


def _tally_together(tally: Tally, runs: Sequence[Occupied], taxi: Taxi) -> None:
    """Runs that share a trip: between them the taxi should not have stood for three minutes."""
    if len(runs) == 1:
        tally.why["one: the trip holds this run alone"] += 1
        return
    tally.why["one: shares the trip with other runs"] += len(runs)
    for before, after in itertools.pairwise(runs):
        if after.start - before.end < LIMITS.stop_after_s:
            why = "next passenger within 3 min"
        elif _longest_stand_s(taxi.samples[taxi.between(before.end, after.start)]) < LIMITS.stop_after_s:
            why = "drove on empty, never 3 min in one place"
        else:
            why = "shunted within one place, faster than walking"
        tally.why[f"shared: {why}"] += 1


def _measure_trips(tally: Tally, taxi: Taxi) -> None:
    for trip in taxi.trips:
        inside = taxi.samples[taxi.between(trip.started_at, trip.ended_at or float("inf"))]
        circle_m = sum(
            distance_m(a.lat or 0, a.lon or 0, b.lat or 0, b.lon or 0) for a, b in itertools.pairwise(inside)
        )
        tally.trip_m += trip.distance_m
        tally.circle_m += circle_m
        tally.trip_ratios.append(trip.distance_m / circle_m)


def _measure_run(tally: Tally, run: Occupied, taxi: Taxi) -> None:
    inside = taxi.between(run.start, run.end)
    if inside.stop - inside.start < 2:
        return
    gone_m = taxi.gone_m[inside.stop - 1] - taxi.gone_m[inside.start]
    tally.run_ratios.append(gone_m / run.distance_m)
    if any(run.start <= ts <= run.end for ts in taxi.refused_at):
        tally.doubted_m += gone_m
        tally.doubted_answer_m += run.distance_m
    else:
        tally.run_m += gone_m
        tally.answer_m += run.distance_m
    if abs(gone_m / run.distance_m - 1) > WITHIN:
        tally.off[_why_off(run, taxi, inside)] += 1


def _why_off(run: Occupied, taxi: Taxi, inside: slice) -> str:
    if any(run.start <= ts <= run.end for ts in taxi.refused_at):
        return "a point of it was refused"
    if any(b.ts - a.ts > LIMITS.gap_s for a, b in itertools.pairwise(taxi.samples[inside])):
        return "a gap longer than 15 min"
    return "steps within one place are not counted"


def describe(tally: Tally) -> Iterator[str]:
    """The comparison in words, a line each."""
    yield f"taxis {tally.taxis}, points {tally.points:,}, refused {dict(tally.refused)}"
    yield f"found: {tally.trips:,} trips, {tally.stops:,} stops; runs with a passenger: {tally.runs:,}"
    yield f"  besides, of one report only and so of no length: {tally.singles:,}"
    for name, count in tally.fate.most_common():
        yield f"  {name:<50} {count:>7,} {count / tally.runs:7.1%}"
    for name, count in sorted(tally.why.items()):
        if count:
            yield f"    {name:<60} {count:>7,}"
    yield f"trips: {tally.trip_m / 1000:,.0f} km, great circles {tally.circle_m / 1000:,.0f} km"
    yield f"  {_spread(tally.trip_ratios)}"
    yield f"runs of 1 km and more: {tally.run_m / 1000:,.0f} km, their answer {tally.answer_m / 1000:,.0f} km"
    yield f"  with a refused point: {tally.doubted_m / 1000:,.0f} km, {tally.doubted_answer_m / 1000:,.0f} km"
    yield f"  {_spread(tally.run_ratios)}"
    for name, count in tally.off.most_common():
        yield f"    off by more than 3 %: {name:<45} {count:>7,}"


def _spread(ratios: Sequence[float]) -> str:
    ranked = sorted(ratios)
    near = sum(abs(ratio - 1) <= WITHIN for ratio in ranked)
    low, middle, high = (ranked[int(share * (len(ranked) - 1))] for share in (0.05, 0.5, 0.95))
    return (
        f"within 3 %: {near:,} of {len(ranked):,} ({near / len(ranked):.1%}); "
        f"ratio at 5/50/95 %: {low:.3f} / {middle:.3f} / {high:.3f}"
    )
