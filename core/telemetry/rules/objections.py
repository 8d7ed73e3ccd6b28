"""The first rule that objects to a point, found quickly: to most points plainly none does."""

from __future__ import annotations

from core.telemetry.rules.filters import FILTERS, Circumstances, Place
from core.telemetry.rules.limits import Limits
from core.telemetry.schemas import Point

_TEXTS = ("driver_key_unreadable", "dtc_unreadable", "extra_unstorable", "extra_too_large")
_TEXT_FILTERS = {name: FILTERS[name] for name in _TEXTS}


def find_objection(point: Point, circumstances: Circumstances) -> tuple[str, str] | None:
    """The first rule that objects to a point, and what it says, or None."""
    filters = FILTERS
    if _has_ordinary_numbers(point, circumstances):
        if not (point.extra or point.dtc or point.driver_key):
            return None
        filters = _TEXT_FILTERS
    for rule, objects in filters.items():
        if (detail := objects(point, circumstances)) is not None:
            return rule, detail
    return None


# So little of a step needs no trigonometry: a degree is at most 111.4 km, and a step has two of them.
_DEGREES_PER_M = 1 / (111_400 * 1.5)


def _has_ordinary_numbers(p: Point, c: Circumstances) -> bool:
    """Whether a point is one of the very many to whose numbers plainly no rule objects, told in one look.

    Only a shortcut: it may miss an ordinary point, and never calls one ordinary to which a rule objects.
    """
    limits, lat, lon = c.limits, p.lat, p.lon
    return (
        lat is not None
        and lon is not None
        and (0 < lat <= 90 or -90 <= lat < 0)
        and -180 <= lon <= 180
        and 0 <= (c.at - p.ts).total_seconds() <= limits.past_s
        and ((speed := p.speed_kmh) is None or 0 <= speed <= limits.speed_kmh)
        and ((course := p.course_deg) is None or 0 <= course <= 360)
        and ((hdop := p.hdop) is None or 0 <= hdop <= limits.hdop)
        and ((satellites := p.satellites) is None or limits.satellites <= satellites <= 100)
        and ((last := c.last) is None or _is_small_step(lat, lon, last, limits.jump_m * _DEGREES_PER_M))
        and _has_ordinary_sensors(p, limits)
    )


def _is_small_step(lat: float, lon: float, last: Place, most_deg: float) -> bool:
    was_lat, was_lon = last.lat, last.lon
    return (
        was_lat is not None and was_lon is not None and abs(lat - was_lat) < most_deg and abs(lon - was_lon) < most_deg
    )


def _has_ordinary_sensors(p: Point, limits: Limits) -> bool:
    return (
        ((altitude := p.altitude_m) is None or -500 <= altitude <= 9000)
        and ((odometer := p.odometer_m) is None or 0 <= odometer < 4_000_000_000)
        and ((rpm := p.rpm) is None or 0 <= rpm <= limits.rpm)
        and ((fuel := p.fuel_pct) is None or 0 <= fuel <= 100)
        and ((rate := p.fuel_rate_lph) is None or 0 <= rate <= limits.fuel_rate_lph)
        and ((temp := p.engine_temp_c) is None or limits.engine_temp_low_c <= temp <= limits.engine_temp_high_c)
        and ((voltage := p.voltage_v) is None or 0 <= voltage <= limits.voltage_v)
        and ((outputs := p.outputs) is None or 0 <= outputs <= 65_535)
    )
