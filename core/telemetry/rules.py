"""Pure decisions about telemetry: which points are believed, and what the latest state becomes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.telemetry.schemas import Point, Reading, RefusedReading


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds of the filters. Sources: protocol facts on plausible OBD values; oddities of real recordings."""

    future: timedelta = timedelta(minutes=5)
    past: timedelta = timedelta(days=7)
    speed_kmh: float = 250.0
    jump_kmh: float = 200.0
    jump_m: float = 250.0
    jump_memory: timedelta = timedelta(minutes=10)
    hdop: float = 20.0
    satellites: int = 3
    rpm: float = 9000.0
    fuel_rate_lph: float = 150.0
    engine_temp_c: tuple[float, float] = (-50.0, 180.0)
    voltage_v: tuple[float, float] = (0.0, 60.0)


LIMITS = Limits()


def limits_for(raw_retention_days: int) -> Limits:
    """The limits of an installation that keeps raw points for so many days: an older point has no place to go."""
    return Limits(past=timedelta(days=raw_retention_days))


@dataclass(frozen=True, slots=True)
class Fix:
    """A place at a moment."""

    ts: datetime
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a filter may look at besides the point: the moment, the limits, the last believed fix."""

    at: datetime
    limits: Limits
    last: Fix | None


def distance_m(a: Fix, lat: float, lon: float) -> float:
    """Great-circle distance in metres on a sphere of 6,371,009 m (haversine)."""
    phi1, phi2 = math.radians(a.lat), math.radians(lat)
    half = math.sin((phi2 - phi1) / 2) ** 2
    half += math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon - a.lon) / 2) ** 2
    return 2 * 6_371_009 * math.asin(min(1.0, math.sqrt(half)))


def _time_future(p: Point, c: Circumstances) -> str | None:
    if p.ts <= c.at + c.limits.future:
        return None
    return f"The device's clock is {_span(p.ts - c.at)} ahead; set it right."


def _time_too_old(p: Point, c: Circumstances) -> str | None:
    if p.ts >= c.at - c.limits.past:
        return None
    return f"The point is {_span(c.at - p.ts)} old; points are taken for {_span(c.limits.past)}."


def _coordinates_incomplete(p: Point, c: Circumstances) -> str | None:
    if (p.lat is None) == (p.lon is None):
        return None
    return "One of latitude and longitude is missing; send both or neither."


def _coordinates_out_of_range(p: Point, c: Circumstances) -> str | None:
    if p.lat is None or p.lon is None or (-90 <= p.lat <= 90 and -180 <= p.lon <= 180):
        return None
    return f"{p.lat}, {p.lon} is not on Earth; send WGS 84 degrees."


def _coordinates_null_island(p: Point, c: Circumstances) -> str | None:
    if p.lat == 0 and p.lon == 0:
        return "0, 0 is what a receiver says without a fix; leave the coordinates out instead."
    return None


def _course_out_of_range(p: Point, c: Circumstances) -> str | None:
    if p.course_deg is None or 0 <= p.course_deg <= 360:
        return None
    return f"A course of {p.course_deg:g} degrees is outside 0 to 360."


def _speed_impossible(p: Point, c: Circumstances) -> str | None:
    if p.speed_kmh is None or 0 <= p.speed_kmh <= c.limits.speed_kmh:
        return None
    return f"A speed of {p.speed_kmh:g} km/h is outside 0 to {c.limits.speed_kmh:g}."


def _fix_bad(p: Point, c: Circumstances) -> str | None:
    if p.lat is None:
        return None
    if p.hdop is not None and p.hdop > c.limits.hdop:
        return f"An HDOP of {p.hdop:g} is above {c.limits.hdop:g}: the position is a guess."
    if p.satellites is not None and p.satellites < c.limits.satellites:
        return f"{p.satellites} satellites are fewer than {c.limits.satellites}: the position is not a fix."
    return None


def _jump_impossible(p: Point, c: Circumstances) -> str | None:
    if c.last is None or p.lat is None or p.lon is None:
        return None
    passed = p.ts - c.last.ts
    if not timedelta(0) < passed <= c.limits.jump_memory:
        return None
    metres = distance_m(c.last, p.lat, p.lon)
    speed_kmh = metres / passed.total_seconds() * 3.6
    if metres <= c.limits.jump_m or speed_kmh <= c.limits.jump_kmh:
        return None
    return f"{metres:.0f} m in {passed.total_seconds():.0f} s would be {speed_kmh:.0f} km/h."


def _rpm_impossible(p: Point, c: Circumstances) -> str | None:
    if p.rpm is None or 0 <= p.rpm <= c.limits.rpm:
        return None
    return f"{p.rpm:g} rpm is outside 0 to {c.limits.rpm:g}."


def _fuel_impossible(p: Point, c: Circumstances) -> str | None:
    if p.fuel_pct is not None and not 0 <= p.fuel_pct <= 100:
        return f"A fuel level of {p.fuel_pct:g} % is outside 0 to 100."
    if p.fuel_rate_lph is not None and not 0 <= p.fuel_rate_lph <= c.limits.fuel_rate_lph:
        return f"A fuel rate of {p.fuel_rate_lph:g} L/h is outside 0 to {c.limits.fuel_rate_lph:g}."
    return None


def _engine_temp_impossible(p: Point, c: Circumstances) -> str | None:
    low, high = c.limits.engine_temp_c
    if p.engine_temp_c is None or low <= p.engine_temp_c <= high:
        return None
    return f"An engine temperature of {p.engine_temp_c:g} °C is outside {low:g} to {high:g}."


def _voltage_impossible(p: Point, c: Circumstances) -> str | None:
    low, high = c.limits.voltage_v
    if p.voltage_v is None or low <= p.voltage_v <= high:
        return None
    return f"{p.voltage_v:g} V is outside {low:g} to {high:g}."


def _odometer_impossible(p: Point, c: Circumstances) -> str | None:
    if p.odometer_m is None or 0 <= p.odometer_m < 4_000_000_000:
        return None
    return f"An odometer of {p.odometer_m} m is outside 0 to 4,000,000 km."


_RANGES: Mapping[str, tuple[float, float, str]] = {
    "altitude_m": (-500, 9000, "m"),
    "satellites": (0, 100, "satellites"),
    "hdop": (0, 1000, ""),
    "outputs": (0, 65_535, "as a mask of outputs"),
}


def _number_out_of_range(p: Point, c: Circumstances) -> str | None:
    for name, (low, high, unit) in _RANGES.items():
        value = getattr(p, name)
        if value is not None and not low <= value <= high:
            return f"{name} is {value:g} {unit}".rstrip() + f"; it must be from {low:g} to {high:g}."
    return None


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)


def _text_unreadable(p: Point, c: Circumstances) -> str | None:
    if p.driver_key is not None and (len(p.driver_key) > 64 or "\x00" in p.driver_key):
        return "driver_key must be at most 64 printable characters."
    if p.extra and _holds_nul(p.extra):
        return "extra holds a NUL character, which cannot be stored; leave it out."
    return None


Filter = Callable[[Point, Circumstances], str | None]

# Name -> filter, in the order in which they are asked; the first that objects names the refusal.
FILTERS: Mapping[str, Filter] = {
    "time_future": _time_future,
    "time_too_old": _time_too_old,
    "coordinates_incomplete": _coordinates_incomplete,
    "coordinates_out_of_range": _coordinates_out_of_range,
    "coordinates_null_island": _coordinates_null_island,
    "speed_impossible": _speed_impossible,
    "course_out_of_range": _course_out_of_range,
    "fix_bad": _fix_bad,
    "jump_impossible": _jump_impossible,
    "odometer_impossible": _odometer_impossible,
    "rpm_impossible": _rpm_impossible,
    "fuel_impossible": _fuel_impossible,
    "engine_temp_impossible": _engine_temp_impossible,
    "voltage_impossible": _voltage_impossible,
    "number_out_of_range": _number_out_of_range,
    "text_unreadable": _text_unreadable,
}


Moment = tuple[int, datetime]


def clean(
    readings: Iterable[Reading],
    *,
    fixes: Mapping[int, Fix],
    earlier: Mapping[Moment, Fix],
    at: datetime,
    limits: Limits = LIMITS,
) -> tuple[list[Reading], list[RefusedReading]]:
    """Split readings into those believed and those refused by the first filter that objects.

    `fixes` holds the last believed place of each vehicle; `earlier`, for a reading that comes late, the one stored
    last before it. Each vehicle's readings are judged in the order of device time, each against the last believed
    before it: a burst out of order is judged as it was driven, and a point refused once is refused again.
    """
    last = dict(fixes)
    kept: list[Reading] = []
    refused: list[RefusedReading] = []
    for reading in sorted(readings, key=_vehicle_then_time):
        point = reading.point
        before = _last_before(point.ts, last.get(reading.vehicle_id), earlier.get((reading.vehicle_id, point.ts)))
        circumstances = Circumstances(at, limits, before)
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
    return RefusedReading(
        index=reading.index,
        rule=rule,
        detail=detail,
        vehicle_id=reading.vehicle_id,
        ts=reading.point.ts,
        raw=reading.raw or msgspec.json.encode(reading.point).decode(),
    )


def _last_before(ts: datetime, *fixes: Fix | None) -> Fix | None:
    return max((fix for fix in fixes if fix is not None and fix.ts < ts), key=lambda fix: fix.ts, default=None)


def advance(
    state: Mapping[str, Any] | None, points: Iterable[Point], *, received_at: datetime
) -> dict[str, Any] | None:
    """The latest state after `points` of one vehicle, or None when all of them are older than it.

    A late point never moves the state backwards. What a later point does not report keeps its last known
    value, except the error codes, which are the device's whole list each time.
    """
    ordered = sorted(points, key=lambda point: point.ts)
    known_ts = state["ts"] if state else None
    new = [point for point in ordered if known_ts is None or point.ts > known_ts]
    if not new:
        return None
    merged: dict[str, Any] = dict(state) if state else {"fix_ts": None, "standing_since": None}
    for point in new:
        _merge(merged, point, received_at)
    merged["received_at"] = received_at
    return merged


def _merge(state: dict[str, Any], point: Point, received_at: datetime) -> None:
    state["ts"] = point.ts
    for name in _CARRIED:
        value = getattr(point, name)
        if value is not None:
            state[name] = value
    if point.lat is not None:
        state["fix_ts"] = point.ts
    if point.relay_on is not None:
        state["relay_ts"], state["relay_received_at"] = point.ts, received_at
    state["dtc"] = list(point.dtc)
    state["extra"] = {**(state.get("extra") or {}), **point.extra} or None
    if not is_standing(point.speed_kmh, state.get("ignition")):
        state["standing_since"] = None
    elif state.get("standing_since") is None:
        state["standing_since"] = point.ts


_CARRIED = (
    "lat",
    "lon",
    "altitude_m",
    "speed_kmh",
    "course_deg",
    "satellites",
    "hdop",
    "ignition",
    "odometer_m",
    "fuel_pct",
    "fuel_rate_lph",
    "rpm",
    "engine_temp_c",
    "voltage_v",
    "outputs",
    "relay_on",
    "driver_key",
)


def is_standing(speed_kmh: float | None, ignition: bool | None) -> bool:
    """Whether a report says that the vehicle stands with its engine off. An unknown speed is not standing.

    A device that does not report ignition is taken by its speed alone.
    """
    return speed_kmh == 0 and ignition is not True


def is_relay_on(outputs: int | None, *, relay_output: int, relay_inverted: bool) -> bool | None:
    """Whether the immobilizer holds, from the mask of outputs (bit 0 = output 1); None when not reported."""
    if outputs is None:
        return None
    return bool(outputs >> (relay_output - 1) & 1) is not relay_inverted


def _span(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
