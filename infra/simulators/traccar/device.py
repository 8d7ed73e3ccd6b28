"""A device as the server sees it: its positions, its events, its queue."""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.simulators.fleet.record import Record
from infra.simulators.traccar.models import MODELS, Model
from infra.simulators.unit import Unit

KNOT_KMH = 1.852
KEPT_POSITIONS = 120
KEPT_EVENTS = 200
ONLINE_S = 600

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the server noted about a device."""

    id: int
    device_id: int
    type: str
    at: float
    position_id: int
    attributes: dict[str, Any]

    def describe(self) -> dict[str, Any]:
        """In the API's own form."""
        return {
            "id": self.id,
            "attributes": self.attributes,
            "deviceId": self.device_id,
            "type": self.type,
            "eventTime": moment(self.at),
            "positionId": self.position_id,
            "geofenceId": 0,
            "maintenanceId": 0,
        }


class Device:
    """What the server keeps about one device. Its number is the unit's."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.model: Model = MODELS["teltonika"]
        self.positions: deque[dict[str, Any]] = deque(maxlen=KEPT_POSITIONS)
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._heard_at = 0.0

    @property
    def number(self) -> int:
        """The id that requests carry in `deviceId`."""
        return self.unit.unit_id

    def take(self, record: Record) -> dict[str, Any]:
        """A record came in: the newest position."""
        self._heard_at = time.time()
        bus = record.bus
        told: dict[str, Any] = {
            "sat": record.satellites,
            "hdop": record.hdop,
            "ignition": record.ignition,
            "motion": record.speed_kmh > 0,
            "odometer": record.odometer_m,
            "fuelLevel": bus.fuel_pct,
            "fuelConsumption": bus.fuel_rate_lph,
            "rpm": bus.rpm,
            "coolantTemp": bus.temp_c,
            "power": bus.voltage_v,
            "dtcs": " ".join(bus.dtc) or None,
            **self.model.tell(record.outputs),
        }
        place = {
            "valid": True,
            "latitude": round(record.lat, 7),
            "longitude": round(record.lon, 7),
            "altitude": float(record.altitude_m),
            "speed": round(record.speed_kmh / KNOT_KMH, 4),
            "course": float(record.course_deg),
            "fixTime": moment(record.ts),
        }
        attributes = {name: value for name, value in told.items() if value is not None}
        return self._keep(place, attributes, device_time=record.ts)

    def answer_command(self, text: str) -> None:
        """The device's answer: a position at the last place with `result` and without outputs, and an event.

        As Traccar has it, neither says which command it answers.
        """
        last = self.positions[-1] if self.positions else None
        place = {name: last[name] for name in _PLACE} if last else _NOWHERE
        position = self._keep(place, {"result": text}, device_time=time.time())
        self.note("commandResult", position["id"], {"result": text})

    def note(self, type_: str, position_id: int = 0, attributes: dict[str, Any] | None = None) -> None:
        """Something happened."""
        self.events.append(Event(next(_NUMBERS), self.number, type_, time.time(), position_id, attributes or {}))

    def describe(self) -> dict[str, Any]:
        """In the API's own form. A device without a connection is offline; a silent one unknown after ten minutes."""
        is_fresh = time.time() - self._heard_at < ONLINE_S
        status = "offline" if not self.unit.tracker.reachable else "online" if is_fresh else "unknown"
        return {
            "id": self.number,
            "attributes": {},
            "groupId": 0,
            "calendarId": 0,
            "name": self.unit.name,
            "uniqueId": self.unit.device_uid,
            "status": status,
            "lastUpdate": moment(self._heard_at) if self._heard_at else None,
            "positionId": self.positions[-1]["id"] if self.positions else 0,
            "phone": None,
            "model": None,
            "contact": None,
            "category": "car",
            "disabled": False,
            "expirationTime": None,
        }

    def _keep(self, place: dict[str, Any], attributes: dict[str, Any], *, device_time: float) -> dict[str, Any]:
        position = {
            "id": next(_NUMBERS),
            "attributes": attributes,
            "deviceId": self.number,
            "protocol": self.model.protocol,
            "serverTime": moment(time.time()),
            "deviceTime": moment(device_time),
            **place,
            "address": None,
            "accuracy": 0.0,
            "network": None,
            "geofenceIds": None,
        }
        self.positions.append(position)
        return position


def moment(at: float) -> str:
    """A time as Traccar writes it, in milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


_PLACE = ("valid", "latitude", "longitude", "altitude", "speed", "course", "fixTime")
_NOWHERE = dict.fromkeys(_PLACE[1:6], 0.0) | {"valid": False, "fixTime": moment(0)}
