"""A batch split into what is believed and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from core.telemetry.rules.filters import FILTERS, Circumstances
from core.telemetry.rules.geo import Fix
from core.telemetry.rules.limits import DEFAULT_CLASS, LIMITS, Limits
from core.telemetry.schemas import Point, Reading, RefusedReading

Moment = tuple[int, datetime]


def clean(
    readings: Iterable[Reading],
    *,
    fixes: Mapping[int, Fix],
    earlier: Mapping[Moment, Fix],
    at: datetime,
    classes: Mapping[int, str],
    limits: Mapping[str, Limits] = LIMITS,
) -> tuple[list[Reading], list[RefusedReading]]:
    """Split readings into those believed and those refused by the first filter that objects.

    `fixes` holds the last believed place of each vehicle; `earlier`, for a reading that comes late, the one stored
    last before it; `classes` the class of each vehicle, by which its limits are found. Each vehicle's readings are
    judged in the order of device time, each against the last believed before it: a burst out of order is judged as it
    was driven, and a point refused once is refused again.
    """
    last = dict(fixes)
    kept: list[Reading] = []
    refused: list[RefusedReading] = []
    for reading in sorted(readings, key=_vehicle_then_time):
        point = reading.point
        before = _last_before(point.ts, last.get(reading.vehicle_id), earlier.get((reading.vehicle_id, point.ts)))
        circumstances = Circumstances(at, limits[classes.get(reading.vehicle_id, DEFAULT_CLASS)], before)
        objection = _first_objection(point, circumstances)
        if objection is not None:
            refused.append(_refuse(reading, *objection))
            continue
        kept.append(reading)
        if point.lat is not None and point.lon is not None:
            last[reading.vehicle_id] = Fix(point.ts, point.lat, point.lon)
    return kept, refused


def late_moments(readings: Iterable[Reading], fixes: Mapping[int, Fix]) -> list[Moment]:
    """The moments of those readings that are older than the last believed fix of their vehicle."""
    return [
        (reading.vehicle_id, reading.point.ts)
        for reading in readings
        if (fix := fixes.get(reading.vehicle_id)) is not None and reading.point.ts <= fix.ts
    ]


def _vehicle_then_time(reading: Reading) -> tuple[int, datetime]:
    return reading.vehicle_id, reading.point.ts


def _first_objection(point: Point, circumstances: Circumstances) -> tuple[str, str] | None:
    for rule, objects in FILTERS.items():
        if (detail := objects(point, circumstances)) is not None:
            return rule, detail
    return None


def _refuse(reading: Reading, rule: str, detail: str) -> RefusedReading:
    # What cannot be written down cannot be kept with the refusal either.
    point = msgspec.structs.replace(reading.point, extra={}) if rule == "extra_unstorable" else reading.point
    return RefusedReading(
        index=reading.index,
        rule=rule,
        detail=detail,
        vehicle_id=reading.vehicle_id,
        ts=point.ts,
        raw=reading.raw or msgspec.json.encode(point).decode(),
    )


def _last_before(ts: datetime, *fixes: Fix | None) -> Fix | None:
    return max((fix for fix in fixes if fix is not None and fix.ts < ts), key=lambda fix: fix.ts, default=None)
