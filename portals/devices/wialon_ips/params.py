"""The params field, NAME:TYPE:VALUE joined by commas: known names become point fields, the rest extra."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from portals.devices.wialon_ips.faults import Fault, Malformed
from portals.devices.wialon_ips.fields import MISSING, number

EXTRA_COUNT = 64
EXTRA_TEXT = 255
NAME_LENGTH = 64
LEFT_OUT = "params_left_out"
"""Key in extra that counts the parameters that were too many to keep."""

_INTEGER, _DECIMAL, _TEXT = "1", "2", "3"
_TROUBLE_CODES = re.compile(r"[PCBU][0-3][0-9A-F]{3}(?:[+|][PCBU][0-3][0-9A-F]{3}){0,63}", re.ASCII)

Value = int | float | str | None


def read_params(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the point, and extra. A name that says nothing of its unit (mileage) stays in extra.

    Extra is bounded: the first 64 parameters, texts cut at 255 characters, the number left out counted.
    """
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    if text in MISSING:
        return known, extra
    left_out = 0
    for item in text.split(","):
        name, kind, value = _read_one(item)
        target = _KNOWN.get(name.lower())
        if target is not None and kind in target[2]:
            if value is not None:
                known[target[0]] = target[1](value)
        elif len(extra) < EXTRA_COUNT:
            extra[name] = value
        else:
            left_out += 1
    if left_out:
        extra[LEFT_OUT] = left_out
    return known, extra


def _read_one(item: str) -> tuple[str, str, Value]:
    name, _, rest = item.partition(":")
    kind, colon, text = rest.partition(":")
    if not colon or not name or len(name) > NAME_LENGTH:
        raise Malformed(Fault.PARAMS, f"parameter {item[:60]!r}: send NAME:TYPE:VALUE with a short name.")
    if kind == _DECIMAL:
        return name, kind, number(text, Fault.PARAMS, name)
    if kind == _TEXT:
        return name, kind, text[:EXTRA_TEXT]
    if kind == _INTEGER:
        return name, kind, _integer(text, name)
    raise Malformed(Fault.PARAMS, f"parameter {name!r} has type {kind[:10]!r}; send 1, 2 or 3.")


def _integer(text: str, name: str) -> int | None:
    if text in MISSING:
        return None
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isdecimal() and digits.isascii() and len(digits) <= 18):
        raise Malformed(Fault.PARAMS, f"parameter {name!r} is {text[:40]!r}; type 1 wants a whole number.")
    return int(text)


def _ignition(value: Any) -> bool:
    if value not in (0, 1):
        raise Malformed(Fault.PARAMS, f"ignition is {value!r}; send 0 or 1.")
    return bool(value)


def _metres(value: Any) -> int:
    if not 0 <= value < 2**31:
        raise Malformed(Fault.PARAMS, f"odo is {value!r}; send the odometer in metres.")
    return int(value)


def _trouble_codes(value: Any) -> tuple[str, ...]:
    codes: str = value.upper()
    if codes in MISSING:
        return ()
    if not _TROUBLE_CODES.fullmatch(codes):
        raise Malformed(Fault.PARAMS, f"dtc is {value[:60]!r}; send codes such as P0299 joined by +.")
    return tuple(codes.replace("|", "+").split("+"))


_NUMBERS = _INTEGER + _DECIMAL
_KNOWN: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "ign": ("ignition", _ignition, _NUMBERS),
    "ignition": ("ignition", _ignition, _NUMBERS),
    "odo": ("odometer_m", _metres, _NUMBERS),
    "fuel": ("fuel_pct", float, _NUMBERS),
    "fuel_rate": ("fuel_rate_lph", float, _NUMBERS),
    "rpm": ("rpm", float, _NUMBERS),
    "temp": ("engine_temp_c", float, _NUMBERS),
    "pwr": ("voltage_v", float, _NUMBERS),
    "pwr_ext": ("voltage_v", float, _NUMBERS),
    "dtc": ("dtc", _trouble_codes, _TEXT),
}
