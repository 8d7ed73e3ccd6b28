"""The fields of one SD or D record to one point."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.telemetry.schemas import Point
from portals.devices.wialon_ips.faults import Fault, Malformed
from portals.devices.wialon_ips.fields import MISSING, angle, moment, number, whole
from portals.devices.wialon_ips.params import read_params

SHORT, FULL = 10, 16
ADC_COUNT = 32
DRIVER_KEY_LENGTH = 64


def read_record(fields: list[str], lengths: tuple[int, ...], received_at: datetime) -> Point:
    """A point from `date;time;lat;N;lon;E;speed;course;height;sats[;hdop;inputs;outputs;adc;ibutton;params]`.

    `lengths` are the numbers of fields that the packet type allows. Raises Malformed.
    """
    if len(fields) not in lengths:
        wanted = " or ".join(map(str, lengths))
        raise Malformed(Fault.STRUCTURE, f"the record has {len(fields)} fields; send {wanted}.")
    date, time, lat, north, lon, east, speed, course, height, sats = fields[:SHORT]
    latitude = angle(lat, north, "NS", "latitude")
    longitude = angle(lon, east, "EW", "longitude")
    if (latitude is None) != (longitude is None):
        raise Malformed(Fault.COORDINATES, "only one of latitude and longitude is there; send both or neither.")
    return Point(
        ts=moment(date, time, received_at),
        lat=latitude,
        lon=longitude,
        speed_kmh=number(speed, Fault.MOTION, "speed"),
        course_deg=number(course, Fault.MOTION, "course"),
        altitude_m=number(height, Fault.MOTION, "height"),
        satellites=whole(sats, Fault.FIX, "satellites"),
        **(_read_sensors(fields[SHORT:]) if len(fields) == FULL else {}),
    )


def _read_sensors(fields: list[str]) -> dict[str, Any]:
    hdop, inputs, outputs, adc, ibutton, params = fields
    precision = number(hdop, Fault.FIX, "hdop")
    input_bits = whole(inputs, Fault.BITS, "inputs")
    output_bits = whole(outputs, Fault.BITS, "outputs")
    voltages = _read_adc(adc)
    if len(ibutton) > DRIVER_KEY_LENGTH:
        raise Malformed(Fault.STRUCTURE, f"the driver key is longer than {DRIVER_KEY_LENGTH} characters.")
    known, extra = read_params(params)
    if input_bits is not None:
        extra["inputs"] = input_bits
    known["hdop"] = precision
    known["outputs"] = output_bits
    known["driver_key"] = None if ibutton in MISSING else ibutton
    known["extra"] = extra | voltages
    return known


def _read_adc(text: str) -> dict[str, float]:
    if text in MISSING:
        return {}
    values = text.split(",")
    if len(values) > ADC_COUNT:
        raise Malformed(Fault.ADC, f"there are {len(values)} adc values; send at most {ADC_COUNT}.")
    read: dict[str, float] = {}
    for place, text in enumerate(values, start=1):
        value = number(text, Fault.ADC, "adc")
        if value is not None:
            read[f"adc{place}"] = value
    return read
