"""A forwarded position, as Traccar writes it: speed in knots, distances in metres, voltages in volts.

Source: Traccar's Position and Device models and its PositionForwarderJson.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from core.telemetry.schemas import Point
from portals.devices.extra import bounded
from portals.devices.faults import Malformed
from portals.devices.moments import read_moment

KNOT_KMH = 1.852
MOST = 1_000
# Further apart than this, the fix is not of the moment of the report: Traccar repeats the last one it knows.
_FIX_FITS = timedelta(seconds=10)
_TROUBLE_CODE = re.compile(r"[PCBU][0-3][0-9A-F]{3}", re.ASCII)


class Forwarded(NamedTuple):
    """A position of one device. `point` is None when it cannot be read; then `problem` says why."""

    device_uid: str
    point: Point | None
    problem: str
    raw: str


class _Device(msgspec.Struct, frozen=True, rename="camel"):
    unique_id: str


class _Position(msgspec.Struct, frozen=True, rename="camel"):
    valid: bool
    latitude: float
    longitude: float
    fix_time: str | None = None
    device_time: str | None = None
    outdated: bool = False
    altitude: float = 0.0
    speed: float | None = None
    course: float | None = None
    accuracy: float = 0.0
    protocol: str | None = None
    attributes: dict[str, Any] = {}


class _Body(msgspec.Struct, frozen=True):
    device: _Device
    position: msgspec.Raw


def read_positions(body: bytes) -> list[Forwarded]:
    """One forwarded position, or a list of them, in the order sent. Raises Malformed when no device can be told."""
    try:
        sent = msgspec.json.decode(body, type=_Body | list[_Body])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body cannot be read: {error}. Set forward.type to json.") from None
    bodies = sent if isinstance(sent, list) else [sent]
    if len(bodies) > MOST:
        raise Malformed(f"{len(bodies)} positions are more than {MOST}; send them in several requests.")
    return [_read(one) for one in bodies]


def _read(one: _Body) -> Forwarded:
    device_uid = one.device.unique_id.replace("\0", "")
    raw = bytes(one.position).decode(errors="replace")
    try:
        said = msgspec.json.decode(one.position, type=_Position)
        return Forwarded(device_uid, _point(said), "", raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Forwarded(device_uid, None, f"The position cannot be read: {error}.", raw)
    except Malformed as fault:
        return Forwarded(device_uid, None, fault.detail, raw)


def _point(said: _Position) -> Point:
    ts, is_fixed = _moment(said)
    known, rest = _split(said.attributes)
    extra = {"traccar_protocol": said.protocol, "accuracy_m": said.accuracy if said.accuracy > 0 else None}
    named = [(name, value) for name, value in extra.items() if value is not None]
    return Point(ts=ts, **(_place(said) if is_fixed else {}), **known, extra=bounded([*named, *rest.items()]))


def _moment(said: _Position) -> tuple[datetime, bool]:
    """The moment of the report, and whether its position is of that moment."""
    fix = None if said.fix_time is None else read_moment(said.fix_time, "fixTime")
    device = None if said.device_time is None else read_moment(said.device_time, "deviceTime")
    ts = device or fix
    if ts is None:
        raise Malformed("fixTime and deviceTime are both missing; one of them must say when it was.")
    is_fresh = fix is None or abs(ts - fix) <= _FIX_FITS
    return ts, said.valid and not said.outdated and is_fresh


def _place(said: _Position) -> dict[str, Any]:
    """Position and motion. Traccar writes 0 for a height it does not know, and for a course without motion."""
    return {
        "lat": said.latitude,
        "lon": said.longitude,
        "altitude_m": said.altitude or None,
        "speed_kmh": None if said.speed is None or said.speed < 0 else said.speed * KNOT_KMH,
        "course_deg": said.course if said.course or said.speed else None,
    }


def _split(attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the point, and the rest. What is not of the kind that its name wants stays with the rest."""
    known: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in attributes.items():
        field, convert = _KNOWN.get(name, ("", _nothing))
        converted = convert(value)
        if converted is None:
            rest[_UNITS.get(name, name)] = value
        else:
            known[field] = converted
    return known, rest


def _nothing(value: Any) -> None:
    return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None or not abs(number) < 2**31 else round(number)


def _switch(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 64 else None


def _trouble_codes(value: Any) -> tuple[str, ...] | None:
    codes = re.split(r"[\s,]+", value.strip().upper()) if isinstance(value, str) else []
    return tuple(codes) if codes and len(codes) <= 64 and all(map(_TROUBLE_CODE.fullmatch, codes)) else None


_KNOWN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sat": ("satellites", _whole),
    "hdop": ("hdop", _number),
    "ignition": ("ignition", _switch),
    "odometer": ("odometer_m", _whole),
    "power": ("voltage_v", _number),
    "fuelLevel": ("fuel_pct", _number),
    "fuelConsumption": ("fuel_rate_lph", _number),
    "rpm": ("rpm", _number),
    "coolantTemp": ("engine_temp_c", _number),
    "driverUniqueId": ("driver_key", _name),
    "dtcs": ("dtc", _trouble_codes),
}
# What has a unit at Traccar and no field of ours keeps the unit in its name.
_UNITS = {
    "fuel": "fuel_l",
    "obdSpeed": "obd_speed_kmh",
    "obdOdometer": "obd_odometer_m",
    "battery": "battery_v",
    "batteryLevel": "battery_pct",
    "distance": "distance_m",
    "totalDistance": "total_distance_m",
    "hours": "engine_hours_ms",
}
