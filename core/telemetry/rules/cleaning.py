"""A batch split into what is believed and what is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from core.telemetry.rules.filters import FILTERS, LEFT_OUT, Circumstances, Place
from core.telemetry.rules.geo import Fix
from core.telemetry.rules.limits import DEFAULT_CLASS, LIMITS, Limits
from core.telemetry.rules.objections import find_objection
from core.telemetry.schemas import Point, Reading, RefusedReading, plain

Moment = tuple[int, datetime]


class Cleaned(NamedTuple):
    """`believed`: readings by vehicle, in the order of device time. `refused`: whole points. `left_out`: values of
    believed points that are not.
    """

    believed: dict[int, list[Reading]]
    refused: list[RefusedReading]
    left_out: list[RefusedReading]


def clean(
    readings: Iterable[Reading],
    *,
    fixes: Mapping[int, Fix],
    earlier: Mapping[Moment, Fix],
    at: datetime,
    classes: Mapping[int, str],
    limits: Mapping[str, Limits] = LIMITS,
) -> Cleaned:
    """Split readings into those believed, perhaps without a value that is not, and those refused by the first filter
    that objects.

    `fixes` holds the last believed place of each vehicle; `earlier`, for a reading that comes late, the one stored
    last before it; `classes` the class of each vehicle, by which its limits are found. Each vehicle's readings are
    judged in the order of device time, each against the last believed before it: a burst out of order is judged as it
    was driven, and a point refused once is refused again.
    """
    cleaned = Cleaned({}, [], [])
    for vehicle_id, own in _by_vehicle(readings).items():
        own.sort(key=_moment)
        circumstances = Circumstances(at, limits[classes.get(vehicle_id, DEFAULT_CLASS)])
        kept = _judge(own, circumstances, fixes.get(vehicle_id), earlier, cleaned)
        if kept:
            cleaned.believed[vehicle_id] = kept
    return cleaned


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
    cleaned: Cleaned,
) -> list[Reading]:
    """Those of one vehicle's readings, in their order, that are believed; what is not is added to `cleaned`."""
    kept: list[Reading] = []
    last: Place | None = None
    for reading in readings:
        circumstances.last = last
        if fix is not None and (last is None or last.ts < fix.ts):
            ts = reading.point.ts
            stored = fix if fix.ts < ts else earlier.get((reading.vehicle_id, ts))
            if stored is not None and (last is None or last.ts < stored.ts):
                circumstances.last = stored
        if objection := find_objection(reading.point, circumstances):
            mended = _mend(reading, objection, circumstances, cleaned)
            if mended is None:
                continue
            reading = mended
        kept.append(reading)
        if reading.point.lat is not None and reading.point.lon is not None:
            last = reading.point
    return kept


_EMPTY: Mapping[str, Any] = {"extra": {}}


def _mend(
    reading: Reading, objection: tuple[str, str] | None, circumstances: Circumstances, cleaned: Cleaned
) -> Reading | None:
    """The reading without the values to which rules object, or None when one objects to the whole of it."""
    point = reading.point
    left_out: list[RefusedReading] = []
    while objection is not None:
        rule, detail = objection
        names = LEFT_OUT.get(rule, ())
        doubt = _refuse(reading, rule, detail, names)
        if not names:
            cleaned.refused.append(doubt)
            return None
        left_out.append(doubt)
        point = msgspec.structs.replace(point, **{name: _EMPTY.get(name) for name in names})
        objection = find_objection(point, circumstances)
    cleaned.left_out.extend(left_out)
    return msgspec.structs.replace(reading, point=point)


def _refuse(reading: Reading, rule: str, detail: str, left_out: tuple[str, ...]) -> RefusedReading:
    point = _writable(reading.point)
    raw = reading.raw.hex() if isinstance(reading.raw, bytes) else reading.raw
    return RefusedReading(
        index=reading.index,
        rule=rule,
        detail=detail,
        vehicle_id=reading.vehicle_id,
        ts=point.ts,
        raw=raw or msgspec.json.encode(point).decode(),
        point=point,
        left_out=left_out,
    )


def _writable(point: Point) -> Point:
    """What cannot be written down cannot be kept with a refusal either."""
    anywhere = Circumstances(point.ts, LIMITS[DEFAULT_CLASS])
    point = plain(point)
    unstorable = FILTERS["extra_unstorable"](point, anywhere) is not None
    return msgspec.structs.replace(point, extra={}) if unstorable else point
