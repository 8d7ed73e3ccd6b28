"""What the server says back."""

from __future__ import annotations

from portals.devices.wialon_ips.faults import Fault

LOGIN_OK = b"#AL#1\r\n"
LOGIN_REFUSED = b"#AL#0\r\n"
LOGIN_WRONG_KEY = b"#AL#01\r\n"
LOGIN_WRONG_CHECKSUM = b"#AL#10\r\n"
PONG = b"#AP#\r\n"

_CODES = {
    Fault.STRUCTURE: "-1",
    Fault.TIME: "0",
    Fault.COORDINATES: "10",
    Fault.MOTION: "11",
    Fault.FIX: "12",
    Fault.BITS: "13",
    Fault.ADC: "14",
    Fault.PARAMS: "15",
}
_CHECKSUM_CODES = {"SD": "13", "D": "16", "B": "", "M": "01"}
_FAULT_OF_RULE = {
    "time": Fault.TIME,
    "coordinates": Fault.COORDINATES,
    "jump": Fault.COORDINATES,
    "speed": Fault.MOTION,
    "course": Fault.MOTION,
    "fix": Fault.FIX,
}


def to_records(kind: str, stored: int, fault: Fault | None) -> bytes:
    """The answer to an SD, D, B or M packet of which `stored` records are durable.

    A black box is answered with their number, whatever was wrong with the others.
    """
    return f"#A{kind}#{_code(kind, stored, fault)}\r\n".encode()


def to_unreadable(kind: str) -> bytes:
    """The answer to a packet that could not be taken in at all; nothing for a type that has no answer."""
    if kind == "L":
        return LOGIN_REFUSED
    if kind in _CHECKSUM_CODES:
        return to_records(kind, 0, Fault.STRUCTURE)
    return b""


def fault_of(rule: str) -> Fault:
    """The part of a record that a quality rule of ingest found wrong.

    Rules about values that come as parameters (rpm, fuel, temperature…) are answered as params.
    """
    return _FAULT_OF_RULE.get(rule.partition("_")[0], Fault.PARAMS)


def _code(kind: str, stored: int, fault: Fault | None) -> str:
    if fault is Fault.CHECKSUM:
        return _CHECKSUM_CODES[kind]
    if kind == "B":
        return str(stored)
    if fault is None:
        return "1"
    return "0" if kind == "M" else _CODES[fault]
