"""Wialon IPS 2.0 text frames, device side (Gurtam, "Wialon IPS communication protocol")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from infra.simulators.fleet.record import Record


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/ARC: polynomial 0x8005 reflected, initial value 0."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def login(uid: str, key: str) -> bytes:
    """`#L#2.0;uid;key;CRC`."""
    return _frame("L", f"2.0;{uid};{key};")


def data(record: Record) -> bytes:
    """`#D#…;CRC`: one record."""
    return _frame("D", f"{_body(record)};")


def black_box(records: Sequence[Record]) -> bytes:
    """`#B#…|…|CRC`: records kept while there was no connection."""
    return _frame("B", "".join(f"{_body(record)}|" for record in records))


def message_received() -> bytes:
    """`#AM#1`: a text from the server has arrived."""
    return b"#AM#1\r\n"


def parse_answer(line: bytes) -> tuple[str, str]:
    """(type, text) of one line from the server, e.g. ("AD", "1"). Raises ValueError if it is not IPS."""
    parts = line.decode("utf-8", "replace").strip().split("#", 2)
    if len(parts) != 3 or parts[0]:
        raise ValueError(f"not an IPS frame: {line[:60]!r}")
    return parts[1], parts[2]


def _frame(kind: str, body: str) -> bytes:
    encoded = body.encode()
    return b"#%b#%b%04X\r\n" % (kind.encode(), encoded, crc16(encoded))


def _body(record: Record) -> str:
    at = datetime.fromtimestamp(record.ts, UTC)
    satellites = "NA" if record.satellites is None else record.satellites
    return (
        f"{at:%d%m%y;%H%M%S};{_degrees(record.lat, 'NS', 2)};{_degrees(record.lon, 'EW', 3)};"
        f"{record.speed_kmh:.1f};{record.course_deg};{record.altitude_m};{satellites};{record.hdop:.1f};"
        f"NA;{record.outputs};;NA;{_parameters(record)}"
    )


def _degrees(value: float, hemispheres: str, width: int) -> str:
    """DDMM.mmmmm and hemisphere; rounded before it is split, so that minutes never read 60."""
    whole, minutes = divmod(round(abs(value) * 60, 5), 60)
    return f"{int(whole):0{width}d}{minutes:08.5f};{hemispheres[value < 0]}"


def _parameters(record: Record) -> str:
    bus = record.bus
    texts = [
        f"ign:1:{int(record.ignition)}",
        f"odo:1:{record.odometer_m}",
        f"fuel:2:{bus.fuel_pct}",
        f"temp:2:{bus.temp_c}",
        f"pwr:2:{bus.voltage_v}",
    ]
    if bus.fuel_rate_lph is not None:
        texts.append(f"fuel_rate:2:{bus.fuel_rate_lph}")
    if bus.rpm is not None:
        texts.append(f"rpm:1:{bus.rpm}")
    texts.append(f"dtc:3:{'+'.join(bus.dtc) or 'NA'}")
    return ",".join(texts)
