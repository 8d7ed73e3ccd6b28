"""Which points are believed: one named rule for each way of being wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson

from core.telemetry.rules.extra import MOST_LEVELS, find_unstorable
from core.telemetry.rules.geo import distance_m
from core.telemetry.rules.limits import Limits
from core.telemetry.schemas import Point


class Place(Protocol):
    """Where a vehicle was: a stored fix, or the point before."""

    @property
    def ts(self) -> datetime: ...
    @property
    def lat(self) -> float | None: ...
    @property
    def lon(self) -> float | None: ...


@dataclass(slots=True)
class Circumstances:
    """What a filter may look at besides the point: the moment, the limits, the last believed place."""

    at: datetime
    limits: Limits
    last: Place | None = None


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
    if c.last is None or c.last.lat is None or c.last.lon is None or p.lat is None or p.lon is None:
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
    if p.fuel_pct is None or 0 <= p.fuel_pct <= 100:
        return None
    return f"A fuel level of {p.fuel_pct:g} % is outside 0 to 100."


def _fuel_rate_impossible(p: Point, c: Circumstances) -> str | None:
    if p.fuel_rate_lph is None or 0 <= p.fuel_rate_lph <= c.limits.fuel_rate_lph:
        return None
    return f"A fuel rate of {p.fuel_rate_lph:g} L/h is outside 0 to {c.limits.fuel_rate_lph:g}."


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


def _altitude_impossible(p: Point, c: Circumstances) -> str | None:
    if p.altitude_m is None or -500 <= p.altitude_m <= 9000:
        return None
    return f"An altitude of {p.altitude_m:g} m is outside -500 to 9000."


def _satellites_impossible(p: Point, c: Circumstances) -> str | None:
    if p.satellites is None or 0 <= p.satellites <= 100:
        return None
    return f"{p.satellites} satellites are outside 0 to 100."


def _hdop_impossible(p: Point, c: Circumstances) -> str | None:
    if p.hdop is None or 0 <= p.hdop <= 1000:
        return None
    return f"An HDOP of {p.hdop:g} is outside 0 to 1000."


def _outputs_impossible(p: Point, c: Circumstances) -> str | None:
    if p.outputs is None or 0 <= p.outputs <= 65_535:
        return None
    return f"{p.outputs} is no mask of up to 16 outputs."


def _driver_key_unreadable(p: Point, c: Circumstances) -> str | None:
    if p.driver_key is None or (len(p.driver_key) <= 64 and "\x00" not in p.driver_key):
        return None
    return "driver_key must be at most 64 printable characters."


def _dtc_unreadable(p: Point, c: Circumstances) -> str | None:
    codes = p.dtc or ()
    if len(codes) <= DTC_COUNT and not any(len(code) > DTC_LENGTH or "\x00" in code for code in codes):
        return None
    return f"dtc must be at most {DTC_COUNT} codes of at most {DTC_LENGTH} characters, such as P0299."


def _extra_unstorable(p: Point, c: Circumstances) -> str | None:
    """Written down as the store would: that is done in C, and hardly ever finds anything to look at more closely."""
    if not p.extra:
        return None
    try:
        text = orjson.dumps(p.extra)
    except TypeError:
        return find_unstorable(p.extra) or "extra holds what is no JSON; send names, numbers, texts and lists."
    if text.count(b"{") + text.count(b"[") > MOST_LEVELS and (problem := find_unstorable(p.extra)):
        return problem
    if b"\\u0000" in text and _holds_nul(p.extra):
        return "extra holds a NUL character, which cannot be stored; leave it out."
    return None


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)


def _extra_too_large(p: Point, c: Circumstances) -> str | None:
    if not p.extra or (size := len(orjson.dumps(p.extra))) <= EXTRA_BYTES:
        return None
    return f"extra is {size} bytes of JSON; {EXTRA_BYTES} are kept with a point. Send what is needed."


DTC_COUNT, DTC_LENGTH = 64, 16
EXTRA_BYTES = 8_192

Filter = Callable[[Point, Circumstances], str | None]

# Name -> filter, in the order in which they are asked; the first that objects names what is wrong.
FILTERS: dict[str, Filter] = {
    "time_future": _time_future,
    "time_too_old": _time_too_old,
    "coordinates_incomplete": _coordinates_incomplete,
    "coordinates_out_of_range": _coordinates_out_of_range,
    "coordinates_null_island": _coordinates_null_island,
    "speed_impossible": _speed_impossible,
    "fix_bad": _fix_bad,
    "jump_impossible": _jump_impossible,
    "course_out_of_range": _course_out_of_range,
    "altitude_impossible": _altitude_impossible,
    "satellites_impossible": _satellites_impossible,
    "hdop_impossible": _hdop_impossible,
    "odometer_impossible": _odometer_impossible,
    "rpm_impossible": _rpm_impossible,
    "fuel_impossible": _fuel_impossible,
    "fuel_rate_impossible": _fuel_rate_impossible,
    "engine_temp_impossible": _engine_temp_impossible,
    "voltage_impossible": _voltage_impossible,
    "outputs_impossible": _outputs_impossible,
    "driver_key_unreadable": _driver_key_unreadable,
    "dtc_unreadable": _dtc_unreadable,
    "extra_unstorable": _extra_unstorable,
    "extra_too_large": _extra_too_large,
}

# What is wrong with these costs the point only the values named: one broken sensor must not make a vehicle vanish.
# Without a fix nothing that a receiver says of itself is known, its speed of 0 least of all.
LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "fix_bad": ("lat", "lon", "altitude_m", "speed_kmh", "course_deg"),
    "course_out_of_range": ("course_deg",),
    "altitude_impossible": ("altitude_m",),
    "satellites_impossible": ("satellites",),
    "hdop_impossible": ("hdop",),
    "odometer_impossible": ("odometer_m",),
    "rpm_impossible": ("rpm",),
    "fuel_impossible": ("fuel_pct",),
    "fuel_rate_impossible": ("fuel_rate_lph",),
    "engine_temp_impossible": ("engine_temp_c",),
    "voltage_impossible": ("voltage_v",),
    "outputs_impossible": ("outputs", "relay_on"),
    "driver_key_unreadable": ("driver_key",),
    "dtc_unreadable": ("dtc",),
    "extra_unstorable": ("extra",),
    "extra_too_large": ("extra",),
}


def _span(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
