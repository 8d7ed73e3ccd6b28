"""The drive that devices of a measurement report: north from a place of their own, at a steady 36 km/h.

What they say is believed by every filter, whatever the distance in time between two reports.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from portals.devices.teltonika.frames import frame

SPEED_KMH = 36
_SPEED_MPS = 10
_DEGREES_A_METRE = 9e-6
_SOUTH, _WEST, _APART = 37.0, 122.0, 0.005
_RECORD = struct.Struct(">BBQBiihHBHBB")


def make_teltonika(ms: int, went_s: float, place: int) -> bytes:
    """A Codec 8 frame of one record, at a moment (Unix milliseconds), so many seconds after setting off."""
    north, west = _where(went_s, place)
    head = _RECORD.pack(8, 1, ms, 0, int(-west * 1e7), int(north * 1e7), 120, 0, 9, SPEED_KMH, 0, 4)
    small = bytes((2, 239, 1, 21, 4, 1, 66)) + (13_800 + ms // 1000 % 400).to_bytes(2, "big")
    odometer = bytes((1, 16)) + (40_000_000 + int(went_s * _SPEED_MPS)).to_bytes(4, "big")
    return frame(head + small + odometer + b"\0\x01")


def make_wialon(ms: int, went_s: float, place: int) -> bytes:
    """An SD packet of the same drive."""
    at = datetime.fromtimestamp(ms // 1000, UTC)
    north, west = _where(went_s, place)
    where = f"{_degrees_and_minutes(north, 2)};N;{_degrees_and_minutes(west, 3)};W"
    return f"#SD#{at:%d%m%y;%H%M%S}.{ms % 1000:03d};{where};{SPEED_KMH};0;120;9\r\n".encode()


def _where(went_s: float, place: int) -> tuple[float, float]:
    """Degrees north and degrees west."""
    return _SOUTH + went_s * _SPEED_MPS * _DEGREES_A_METRE, _WEST - place * _APART


def _degrees_and_minutes(degrees: float, digits: int) -> str:
    whole, rest = divmod(round(degrees * 600_000), 600_000)
    return f"{whole:0{digits}d}{rest / 10_000:07.4f}"
