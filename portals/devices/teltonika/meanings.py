"""What the numbered values of a record (AVL ids) mean, by family of device.

The maker numbers them anew for some families: what stands in `_ALL` is the same everywhere, the rest is not. A value
without a meaning here is kept in extra as `io<id>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Value = int | bytes
"""Of 1, 2, 4 or 8 bytes: an unsigned number. Of any other size: the bytes."""

DEFAULT_FAMILY = "fmb"
TEXT_LENGTH = 255
TROUBLE_CODES = 64
_TROUBLE_CODE = re.compile(r"[PCBU][0-3][0-9A-F]{3}", re.ASCII)


class Meaning(NamedTuple):
    """A field of the point, or a name in extra, and how to read it.

    `yields`: of two that tell the same, this one is the weaker.
    """

    name: str
    read: Callable[[Value], Any]
    is_field: bool = False
    yields: bool = False


def plain(value: Value) -> int | str:
    """A number as it is; bytes as text, or as hexadecimal digits when they are none."""
    if isinstance(value, int):
        return value
    text = value.rstrip(b"\0").decode("ascii", "replace")
    return (text if text.isprintable() and "\ufffd" not in text else value.hex())[:TEXT_LENGTH]


def _number(divisor: int = 1, *, signed_bits: int = 0) -> Callable[[Value], float | str]:
    """Of a value that is sent times `divisor`, perhaps as a signed number of so many bits."""

    def read(value: Value) -> float | str:
        if not isinstance(value, int):
            return plain(value)
        if signed_bits and value >> (signed_bits - 1):
            value -= 1 << signed_bits
        return value / divisor if divisor > 1 else value

    return read


def _flag(value: Value) -> bool:
    return value != 0


def _ibutton(value: Value) -> str | None:
    """Sent with its last byte first. Zero is no key."""
    if not isinstance(value, int):
        return value[::-1].hex().upper()[:64]
    return value.to_bytes(8, "little").hex().upper() if value else None


def _trouble_codes(value: Value) -> tuple[str, ...]:
    """ASCII, joined by commas. What does not look like a code is left out."""
    found = str(plain(value)).upper().split(",")[:TROUBLE_CODES]
    return tuple(code for code in found if _TROUBLE_CODE.fullmatch(code))


def _word(*words: str) -> Callable[[Value], int | str]:
    """The word for 1, 2, …; any other number stays one."""
    return lambda value: words[value - 1] if isinstance(value, int) and 0 < value <= len(words) else plain(value)


def _field(name: str, read: Callable[[Value], Any], *, yields: bool = False) -> Meaning:
    return Meaning(name, read, is_field=True, yields=yields)


_ALL: Mapping[int, Meaning] = {
    16: _field("odometer_m", _number()),
    17: Meaning("axis_x_mg", _number(signed_bits=16)),
    18: Meaning("axis_y_mg", _number(signed_bits=16)),
    19: Meaning("axis_z_mg", _number(signed_bits=16)),
    66: _field("voltage_v", _number(1000)),
    67: Meaning("battery_v", _number(1000)),
    69: Meaning("gnss_status", _word("on", "on_without_fix", "sleep")),
    181: Meaning("pdop", _number(10)),
    182: _field("hdop", _number(10)),
    199: Meaning("trip_m", _number()),
    239: _field("ignition", _flag),
    240: Meaning("movement", _flag),
    241: Meaning("gsm_operator", plain),
}
_FMB: Mapping[int, Meaning] = {
    1: Meaning("input1", plain),
    2: Meaning("input2", plain),
    3: Meaning("input3", plain),
    9: Meaning("adc1", _number(1000)),
    10: Meaning("adc2", _number(1000)),
    12: Meaning("gnss_fuel_used_l", _number(1000)),
    13: Meaning("gnss_fuel_l_per_100km", _number(100)),
    21: Meaning("gsm_signal", plain),
    24: Meaning("gnss_speed_kmh", plain),
    30: Meaning("dtc_count", plain),
    31: Meaning("engine_load_pct", plain),
    32: _field("engine_temp_c", _number(signed_bits=8)),
    36: _field("rpm", _number(), yields=True),
    37: Meaning("obd_speed_kmh", plain),
    41: Meaning("throttle_pct", plain),
    42: Meaning("engine_run_s", plain),
    43: Meaning("mil_distance_km", plain),
    48: _field("fuel_pct", _number(), yields=True),
    49: Meaning("codes_cleared_km", plain),
    60: _field("fuel_rate_lph", _number(100)),
    68: Meaning("battery_ma", plain),
    78: _field("driver_key", _ibutton),
    80: Meaning("data_mode", plain),
    81: Meaning("can_speed_kmh", plain),
    83: Meaning("can_fuel_used_l", _number(10)),
    84: Meaning("can_fuel_l", _number(10)),
    85: _field("rpm", _number()),
    87: Meaning("can_odometer_m", plain),
    89: _field("fuel_pct", _number()),
    107: Meaning("can_fuel_counted_l", _number(10)),
    113: Meaning("battery_pct", plain),
    200: Meaning("sleep_mode", plain),
    205: Meaning("gsm_cell", plain),
    206: Meaning("gsm_area", plain),
    246: Meaning("towing", plain),
    247: Meaning("crash", plain),
    248: Meaning("immobilizer", plain),
    249: Meaning("jamming", plain),
    251: Meaning("idling", plain),
    252: Meaning("unplug", plain),
    253: Meaning("green_driving", _word("acceleration", "braking", "cornering")),
    255: Meaning("overspeed_kmh", plain),
    256: Meaning("vin", plain),
    281: _field("dtc", _trouble_codes),
    325: Meaning("vin", plain),
    389: Meaning("oem_odometer_km", plain),
    390: Meaning("oem_fuel_l", _number(10)),
    636: Meaning("lte_cell", plain),
}
_OF_FAMILY: Mapping[str, Mapping[int, Meaning]] = {
    DEFAULT_FAMILY: {**_ALL, **_FMB},
    "ft": {**_ALL, 800: _field("voltage_v", _number(1000))},
}
_OUTPUTS: Mapping[str, Mapping[int, int]] = {DEFAULT_FAMILY: {179: 0, 180: 1}}


def meanings_of(family: str | None) -> Mapping[int, Meaning]:
    """The meanings that hold for a family of devices; None is the usual one."""
    return _OF_FAMILY.get(family or DEFAULT_FAMILY, _ALL)


def outputs_of(family: str | None) -> Mapping[int, int]:
    """The ids that tell the state of a digital output, and the place of that output in the mask, from 0."""
    return _OUTPUTS.get(family or DEFAULT_FAMILY, {})
