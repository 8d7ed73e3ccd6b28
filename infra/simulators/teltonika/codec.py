"""Frames of a Teltonika tracker, device side.

Source: Teltonika Telematics Wiki, "Codec" (Codec 8 Extended, Codec 12) and "FMB AVL ID". All numbers are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from infra.simulators.fleet.ips import crc16
from infra.simulators.fleet.record import Record

RECORDS, COMMANDS = 0x8E, 0x0C
COMMAND, RESPONSE = 0x05, 0x06
PREAMBLE = bytes(4)

_PLACE = struct.Struct(">QBiihHBH")  # time in ms, priority, longitude, latitude, altitude, angle, satellites, speed
_MESSAGE = struct.Struct(">BBBI")  # codec, number of messages, type, length of the text
_DEGREE = 10_000_000
_SATELLITES = 10


def announce(imei: str) -> bytes:
    """The first thing a device says."""
    return len(imei).to_bytes(2, "big") + imei.encode()


def records(every: Sequence[Record]) -> bytes:
    """Records in one frame."""
    number = bytes((len(every),))
    return _frame(bytes((RECORDS,)) + number + b"".join(map(_record, every)) + number)


def response(text: str) -> bytes:
    """The answer to a command."""
    return _frame(_MESSAGE.pack(COMMANDS, 1, RESPONSE, len(text)) + text.encode() + b"\x01")


def read_command(content: bytes, checksum: int) -> str:
    """The text of a command in a frame's content. Raises ValueError for anything else."""
    if checksum != crc16(content):
        raise ValueError("a frame of the server has a wrong checksum")
    codec, number, kind, length = _MESSAGE.unpack_from(content)
    text = content[_MESSAGE.size : -1]
    if (codec, number, kind, length) != (COMMANDS, 1, COMMAND, len(text)) or content[-1] != number:
        raise ValueError(f"not a command: {content.hex()}")
    return text.decode("ascii")


def _frame(content: bytes) -> bytes:
    return PREAMBLE + len(content).to_bytes(4, "big") + content + crc16(content).to_bytes(4, "big")


def _record(record: Record) -> bytes:
    place = _PLACE.pack(
        record.ts * 1000,
        0,
        round(record.lon * _DEGREE),
        round(record.lat * _DEGREE),
        record.altitude_m,
        record.course_deg,
        _SATELLITES if record.satellites is None else record.satellites,
        round(record.speed_kmh),
    )
    groups = _values(record)
    count = sum(map(len, groups.values()))
    parts = [place, (0).to_bytes(2, "big"), count.to_bytes(2, "big")]
    for size in (1, 2, 4, 8):
        values = groups.get(size, {})
        parts.append(len(values).to_bytes(2, "big"))
        parts += [number.to_bytes(2, "big") + value.to_bytes(size, "big") for number, value in values.items()]
    codes = ",".join(record.bus.dtc).encode()
    variable = [(281, codes)] if codes else []
    parts.append(len(variable).to_bytes(2, "big"))
    parts += [number.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for number, value in variable]
    return b"".join(parts)


def _values(record: Record) -> Mapping[int, Mapping[int, int]]:
    """The values by their size in bytes and their AVL id (FMB family)."""
    bus = record.bus
    two = {66: round(bus.voltage_v * 1000), 182: round(record.hdop * 10)}
    if bus.rpm is not None:
        two[36] = bus.rpm
    if bus.fuel_rate_lph is not None:
        two[60] = round(bus.fuel_rate_lph * 100)
    one = {
        239: int(record.ignition),
        240: int(record.speed_kmh > 0),
        179: record.outputs & 1,
        180: record.outputs >> 1 & 1,
        30: len(bus.dtc),
        32: round(bus.temp_c) & 0xFF,
        48: round(bus.fuel_pct),
    }
    return {1: one, 2: two, 4: {16: record.odometer_m}}
