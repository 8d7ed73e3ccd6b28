"""The JSON of the newer Traccar Client. Speed is in m/s, the battery a share of one, -1 stands for not known."""

from __future__ import annotations

from typing import Any

import msgspec

from core.telemetry.schemas import Point
from portals.devices.extra import bounded
from portals.devices.faults import Malformed
from portals.devices.moments import read_moment
from portals.devices.osmand.report import Report

MPS_KMH = 3.6


class _Coordinates(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float
    accuracy: float = -1
    speed: float = -1
    heading: float = -1
    altitude: float | None = None


class _Battery(msgspec.Struct, frozen=True):
    level: float = -1
    is_charging: bool | None = None


class _Activity(msgspec.Struct, frozen=True):
    type: str | None = None


class _Location(msgspec.Struct, frozen=True):
    timestamp: str
    coords: _Coordinates | None = None
    is_moving: bool | None = None
    odometer: float | None = None
    event: str | None = None
    battery: _Battery = _Battery()
    activity: _Activity = _Activity()
    extras: dict[str, Any] = {}


class _Body(msgspec.Struct, frozen=True):
    device_id: str
    location: msgspec.Raw
    key: str | None = None


def read_body(body: bytes) -> tuple[str, str | None, bytes]:
    """Who sends, the key they show, and the location to be read. Raises Malformed."""
    try:
        sent = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body cannot be read: {error}. Send device_id and location as JSON.") from None
    if not sent.device_id.strip():
        raise Malformed("device_id is empty; send the name under which the tracker is registered.")
    return sent.device_id.strip().replace("\0", ""), sent.key, bytes(sent.location)


def read_location(device_uid: str, key: str | None, location: bytes) -> Report:
    """The report. Raises Malformed."""
    try:
        said = msgspec.json.decode(location, type=_Location)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The location cannot be read: {error}.") from None
    point = Point(ts=read_moment(said.timestamp, "timestamp"), **_place(said.coords), extra=_extra(said))
    return Report(device_uid, key, point)


def _place(coords: _Coordinates | None) -> dict[str, Any]:
    if coords is None:
        return {}
    return {
        "lat": coords.latitude,
        "lon": coords.longitude,
        "altitude_m": coords.altitude,
        "speed_kmh": None if coords.speed < 0 else coords.speed * MPS_KMH,
        "course_deg": None if coords.heading < 0 else coords.heading,
    }


def _extra(said: _Location) -> dict[str, Any]:
    accuracy = said.coords.accuracy if said.coords else -1
    named: dict[str, Any] = {
        "battery_pct": round(said.battery.level * 100, 1) if said.battery.level >= 0 else None,
        "charging": said.battery.is_charging,
        "accuracy_m": accuracy if accuracy > 0 else None,
        "is_moving": said.is_moving,
        # Of the phone since it was installed, not of the vehicle.
        "phone_odometer_m": said.odometer,
        "event": said.event,
        "activity": said.activity.type,
    }
    return bounded([*((name, value) for name, value in named.items() if value is not None), *said.extras.items()])
