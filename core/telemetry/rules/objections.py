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
    limits = c.limits
    age_s = (c.at - p.ts).total_seconds()
    return (
        0 <= age_s <= limits.past_s
        and p.lat is not None
        and p.lon is not None
        and (0 < p.lat <= 90 or -90 <= p.lat < 0)
        and -180 <= p.lon <= 180
        and (p.speed_kmh is None or 0 <= p.speed_kmh <= limits.speed_kmh)
        and (p.course_deg is None or 0 <= p.course_deg <= 360)
        and (p.hdop is None or 0 <= p.hdop <= limits.hdop)
        and (p.satellites is None or limits.satellites <= p.satellites <= 100)
        and (c.last is None or _is_small_step(p, c.last, limits.jump_m * _DEGREES_PER_M))
        and _has_ordinary_sensors(p, limits)
    )


def _is_small_step(p: Point, last: Place, most_deg: float) -> bool:
    return (
        p.lat is not None
        and p.lon is not None
        and last.lat is not None
        and last.lon is not None
        and abs(p.lat - last.lat) < most_deg
        and abs(p.lon - last.lon) < most_deg
    )


def _has_ordinary_sensors(p: Point, limits: Limits) -> bool:
    return (
        (p.altitude_m is None or -500 <= p.altitude_m <= 9000)
        and (p.odometer_m is None or 0 <= p.odometer_m < 4_000_000_000)
        and (p.rpm is None or 0 <= p.rpm <= limits.rpm)
        and (p.fuel_pct is None or 0 <= p.fuel_pct <= 100)
        and (p.fuel_rate_lph is None or 0 <= p.fuel_rate_lph <= limits.fuel_rate_lph)
        and (p.engine_temp_c is None or limits.engine_temp_low_c <= p.engine_temp_c <= limits.engine_temp_high_c)
        and (p.voltage_v is None or 0 <= p.voltage_v <= limits.voltage_v)
        and (p.outputs is None or 0 <= p.outputs <= 65_535)
    )
