"""CRC-16/ARC, also called CRC-16 IBM: the checksum of Wialon IPS 2.0 and of Teltonika frames."""

from __future__ import annotations

import struct
from array import array


def crc16(data: bytes) -> int:
    """Polynomial 0x8005 reflected (0xA001), start 0, no final xor; b"123456789" gives 0xBB3D.

    The register is as wide as two bytes, so one look-up takes two bytes at a time.
    """
    pairs = len(data) // 2
    table = _TABLE
    crc = 0
    for pair in struct.unpack_from(f"<{pairs}H", data):
        crc = table[crc ^ pair]
    if len(data) % 2:
        crc = _shift_byte(crc ^ data[-1])
    return crc


def _shift_byte(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _table() -> array[int]:
    one_byte = [_shift_byte(value) for value in range(256)]
    two_bytes = array("H", bytes(2 * 65_536))
    for value in range(65_536):
        crc = value >> 8 ^ one_byte[value & 0xFF]
        two_bytes[value] = crc >> 8 ^ one_byte[crc & 0xFF]
    return two_bytes


_TABLE = _table()
