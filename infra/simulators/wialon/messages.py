"""Messages of a unit's log, in the platform's own form."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from infra.simulators.fleet.record import Record

HAS_POSITION, HAS_INPUTS, HAS_OUTPUTS = 1, 2, 4
COMMAND_TYPE = 0x200
USER_ID = 7


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command as the log remembers it: sent to the device at `ts`."""

    ts: int
    name: str
    type: str
    param: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A record as the log keeps it: `at` is when it arrived; after an outage that is later than its time."""

    record: Record
    at: int


def data_message(registered: Registered) -> dict[str, Any]:
    """Type `ud`: what the tracker reported."""
    record = registered.record
    return {
        "t": record.ts,
        "f": HAS_POSITION | HAS_INPUTS | HAS_OUTPUTS,
        "tp": "ud",
        "pos": position(record),
        "i": int(record.ignition),
        "o": record.outputs,
        "p": _parameters(record),
        "rt": registered.at,
    }


def position(record: Record) -> dict[str, Any]:
    """Latitude is y, longitude x."""
    return {
        "t": record.ts,
        "y": round(record.lat, 7),
        "x": round(record.lon, 7),
        "z": record.altitude_m,
        "s": round(record.speed_kmh),
        "c": record.course_deg,
        "sc": record.satellites or 0,
    }


def command_message(command: SentCommand) -> dict[str, Any]:
    """Type `ucr`: a command was sent to the device."""
    return {
        "t": command.ts,
        "f": COMMAND_TYPE,
        "tp": "ucr",
        "ca": command.name,
        "cn": command.type,
        "cp": command.param,
        "ui": USER_ID,
        "ln": "tcp",
        "lt": "tcp",
        "et": command.ts,
        "p": {},
    }


def now() -> int:
    """Unix time as messages carry it."""
    return int(time.time())


def _parameters(record: Record) -> dict[str, Any]:
    bus = record.bus
    values: dict[str, Any] = {
        "ign": int(record.ignition),
        "odo": record.odometer_m,
        "fuel": bus.fuel_pct,
        "fuel_rate": bus.fuel_rate_lph,
        "rpm": bus.rpm,
        "temp": bus.temp_c,
        "pwr": bus.voltage_v,
        "dtc": "+".join(bus.dtc) or None,
    }
    return {name: value for name, value in values.items() if value is not None}
