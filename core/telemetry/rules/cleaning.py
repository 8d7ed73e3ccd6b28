"""A batch split into what is believed and what is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

import msgspec

from core.telemetry.rules.filters import Circumstances, Place, find_objection
from core.telemetry.rules.geo import Fix
from core.telemetry.rules.limits import DEFAULT_CLASS, LIMITS, Limits
from core.telemetry.schemas import Reading, RefusedReading

Moment = tuple[int, datetime]
Believed = dict[int, list[Reading]]


def clean(
    readings: Iterable[Reading],
    *,
    fixes: Mapping[int, Fix],
    earlier: Mapping[Moment, Fix],
    at: datetime,
    classes: Mapping[int, str],
    limits: Mapping[str, Limits] = LIMITS,
) -> tuple[Believed, list[RefusedReading]]:
    """Split readings into those believed, by vehicle and in the order of device time, and those refused by the first
    filter that objects.

    `fixes` holds the last believed place of each vehicle; `earlier`, for a reading that comes late, the one stored
    last before it; `classes` the class of each vehicle, by which its limits are found. Each vehicle's readings are
    judged in the order of device time, each against the last believed before it: a burst out of order is judged as it
    was driven, and a point refused once is refused again.
    """
    believed: Believed = {}
    refused: list[RefusedReading] = []
    for vehicle_id, own in _by_vehicle(readings).items():
        own.sort(key=_moment)
        circumstances = Circumstances(at, limits[classes.get(vehicle_id, DEFAULT_CLASS)])
        kept = _judge(own, circumstances, fixes.get(vehicle_id), earlier, refused)
        if kept:
            believed[vehicle_id] = kept
    return believed, refused


def late_moments(readings: Iterable[Reading], fixes: Mapping[int, Fix]) -> list[Moment]:
    """The moments of those readings that are older than the last believed fix of their vehicle."""
    return [
        (reading.vehicle_id, reading.point.ts)
        for reading in readings
        if (fix := fixes.get(reading.vehicle_id)) is not None and reading.point.ts <= fix.ts
    ]


_moment = attrgetter("point.ts")


def _by_vehicle(readings: Iterable[Reading]) -> Mapping[int, list[Reading]]:
    groups: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.vehicle_id].append(reading)
    return groups


def _judge(
    readings: Sequence[Reading],
    circumstances: Circumstances,
    fix: Fix | None,
    earlier: Mapping[Moment, Fix],
    refused: list[RefusedReading],
) -> list[Reading]:
    """Those of one vehicle's readings, in their order, that are believed; the others are added to `refused`."""
    kept: list[Reading] = []
    last: Place | None = None
    for reading in readings:
        point = reading.point
        circumstances.last = last
        if fix is not None and (last is None or last.ts < fix.ts):
            stored = fix if fix.ts < point.ts else earlier.get((reading.vehicle_id, point.ts))
            if stored is not None and (last is None or last.ts < stored.ts):
                circumstances.last = stored
        if objection := find_objection(point, circumstances):
            refused.append(_refuse(reading, *objection))
            continue
        kept.append(reading)
        if point.lat is not None and point.lon is not None:
            last = point
    return kept


def _refuse(reading: Reading, rule: str, detail: str) -> RefusedReading:
    raw = reading.raw.hex() if isinstance(reading.raw, bytes) else reading.raw
    return RefusedReading(
        index=reading.index,
        rule=rule,
        detail=detail,
        vehicle_id=reading.vehicle_id,
        ts=reading.point.ts,
        raw=raw or msgspec.json.encode(reading.point).decode(),
        point=reading.point,
    )
