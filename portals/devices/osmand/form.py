"""The query or form: `id=…&lat=…&lon=…&timestamp=…&speed=…` and whatever else the sender adds.

Speed is in knots. A name that says nothing of its unit (`fuel`, `odometer`) stays in extra.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.telemetry.schemas import Point
from portals.devices.extra import bounded
from portals.devices.faults import Malformed
from portals.devices.moments import read_moment
from portals.devices.osmand.report import KNOT_KMH, Report

Fields = Mapping[str, Sequence[str]]

_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?", re.ASCII)
# A text of digits that begins with zeros is a name, not a number.
_PLAIN = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
_BOUND = 1e9
_WORDS = {"true": True, "1": True, "false": False, "0": False}
_READ = frozenset(
    {"id", "deviceid", "key", "timestamp", "lat", "lon", "location", "speed", "bearing", "heading", "altitude"}
    | {"accuracy", "hdop", "batt", "charge", "valid", "ignition", "rpm", "driverUniqueId", "cell", "wifi"}
)


def read_device(fields: Fields) -> tuple[str | None, str | None]:
    """Who sends, and the key they show; None where it is not said."""
    device_uid = _text(fields, "id") or _text(fields, "deviceid")
    return None if device_uid is None else device_uid.replace("\0", ""), _text(fields, "key")


def read_form(fields: Fields, *, received_at: datetime) -> Report:
    """The report. Without a timestamp it is of the moment of receipt. Raises Malformed."""
    device_uid, key = read_device(fields)
    if device_uid is None:
        raise Malformed("The id is missing; send id=…, the name under which the tracker is registered.")
    stamp = _text(fields, "timestamp")
    point = Point(
        ts=received_at if stamp is None else read_moment(stamp, "timestamp"),
        **_place(fields),
        hdop=_number(fields, "hdop"),
        ignition=_yes_or_no(fields, "ignition"),
        rpm=_number(fields, "rpm"),
        driver_key=_driver(fields),
        extra=_extra(fields),
    )
    return Report(device_uid, key, point)


def _place(fields: Fields) -> dict[str, Any]:
    """Position and motion; nothing of a fix that says itself that it is not valid."""
    if _yes_or_no(fields, "valid") is False:
        return {}
    lat, lon = _number(fields, "lat"), _number(fields, "lon")
    if (location := _text(fields, "location")) is not None:
        first, comma, second = location.partition(",")
        if not comma:
            raise Malformed(f"location is {location[:40]!r}; send location=latitude,longitude in degrees.")
        lat, lon = _read_number(first, "latitude"), _read_number(second, "longitude")
    speed, course = _number(fields, "speed"), _number(fields, "bearing")
    if course is None:
        course = _number(fields, "heading")
    return {
        "lat": lat,
        "lon": lon,
        "altitude_m": _number(fields, "altitude"),
        # Below zero is how a phone says that it does not know.
        "speed_kmh": None if speed is None or speed < 0 else speed * KNOT_KMH,
        "course_deg": None if course is None or course < 0 else course,
    }


def _driver(fields: Fields) -> str | None:
    driver = _text(fields, "driverUniqueId")
    if driver is not None and len(driver) > 64:
        raise Malformed("driverUniqueId is longer than 64 characters.")
    return driver


def _extra(fields: Fields) -> dict[str, Any]:
    battery = _number(fields, "batt")
    accuracy = _number(fields, "accuracy")
    named: dict[str, Any] = {
        "battery_pct": battery if battery is not None and battery >= 0 else None,
        "charging": _yes_or_no(fields, "charge"),
        "accuracy_m": accuracy if accuracy is not None and accuracy > 0 else None,
        "cell": list(fields.get("cell", ())) or None,
        "wifi": list(fields.get("wifi", ())) or None,
    }
    rest = [(name, _value(values[0])) for name, values in fields.items() if name not in _READ and values]
    return bounded([*((name, value) for name, value in named.items() if value is not None), *rest])


def _value(text: str) -> Any:
    if _PLAIN.fullmatch(text):
        return float(text) if "." in text else int(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def _text(fields: Fields, name: str) -> str | None:
    values = fields.get(name)
    return values[0].strip() or None if values else None


def _number(fields: Fields, name: str) -> float | None:
    text = _text(fields, name)
    return None if text is None else _read_number(text, name)


def _read_number(text: str, name: str) -> float:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or abs(float(text)) > _BOUND:
        raise Malformed(f"{name} is {text[:40]!r}; send a decimal number, or leave it out when it is not known.")
    return float(text)


def _yes_or_no(fields: Fields, name: str) -> bool | None:
    text = _text(fields, name)
    if text is None:
        return None
    if text.lower() not in _WORDS:
        raise Malformed(f"{name} is {text[:40]!r}; send true or false.")
    return _WORDS[text.lower()]
