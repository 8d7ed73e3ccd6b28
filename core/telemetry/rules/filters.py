"""Which points are believed: one named rule for each way of being wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.telemetry.rules.extra import find_unstorable
from core.telemetry.rules.geo import Fix, distance_m
from core.telemetry.rules.limits import Limits
from core.telemetry.schemas import Point


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a filter may look at besides the point: the moment, the limits, the last believed fix."""

    at: datetime
    limits: Limits
    last: Fix | None = None


def _time_future(p: Point, c: Circumstances) -> str | None:
    if p.ts <= c.at or (p.ts - c.at).total_seconds() <= c.limits.future_s:
        return None
    return f"The device's clock is {_span(p.ts - c.at)} ahead; set it right."


def _time_too_old(p: Point, c: Circumstances) -> str | None:
    if (c.at - p.ts).total_seconds() <= c.limits.past_s:
        return None
    kept = timedelta(seconds=c.limits.past_s)
    return f"The point is {_span(c.at - p.ts)} old; points are taken for {_span(kept)}."


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
    passed_s = (p.ts - c.last.ts).total_seconds()
    if not 0 < passed_s <= c.limits.jump_memory_s:
        return None
    metres = distance_m(c.last.lat, c.last.lon, p.lat, p.lon)
    speed_kmh = metres / passed_s * 3.6
    if metres <= c.limits.jump_m or speed_kmh <= c.limits.jump_kmh:
        return None
    return f"{metres:.0f} m in {passed_s:.0f} s would be {speed_kmh:.0f} km/h."


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
    low, high = c.limits.engine_temp_low_c, c.limits.engine_temp_high_c
    if p.engine_temp_c is None or low <= p.engine_temp_c <= high:
        return None
    return f"An engine temperature of {p.engine_temp_c:g} °C is outside {low:g} to {high:g}."


def _voltage_impossible(p: Point, c: Circumstances) -> str | None:
    if p.voltage_v is None or 0 <= p.voltage_v <= c.limits.voltage_v:
        return None
    return f"{p.voltage_v:g} V is outside 0 to {c.limits.voltage_v:g}."


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


def _extra_unstorable(p: Point, c: Circumstances) -> str | None:
    return find_unstorable(p.extra) if p.extra else None


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
    # First of those that look into extra: they follow it as deep as it goes.
    "extra_unstorable": _extra_unstorable,
    "text_unreadable": _text_unreadable,
}


def _span(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
