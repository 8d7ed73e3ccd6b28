"""The rows of the live board: what four subsystems know of each vehicle, put side by side.

What changes rarely (names, drivers, orders) is kept and renewed when a fact says so; what changes all the time
(the latest state) is read for just the vehicles that moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.access import queries as access
from core.access.queries import JobRecord
from core.db import Reader
from core.drivers import queries as drivers
from core.permissions import OPERATOR, Actor
from core.telemetry import queries as telemetry
from core.vehicles import queries as vehicles

Row = dict[str, Any]

# Reads for every operator at once; what each of them may see is cut from it by park.
BOARD = Actor("system", None, "board", roles=frozenset({OPERATOR}), parks=None)


@dataclass
class FleetRows:
    """What is known of the fleet in this process."""

    _records: dict[int, Row] = field(default_factory=dict)
    _locks: dict[int, Row] = field(default_factory=dict)
    park_ids: dict[int, int] = field(default_factory=dict)

    def renew_records(self, reader: Reader, *, at: datetime) -> None:
        """Read names and drivers of all vehicles again."""
        current = drivers.list_current_drivers(reader, viewer=BOARD, at=at)
        records, park_ids = {}, {}
        for vehicle in vehicles.list_vehicles(reader, viewer=BOARD):
            driver = current.get(vehicle.id)
            park_ids[vehicle.id] = vehicle.park_id
            records[vehicle.id] = {
                "vehicle_id": vehicle.id,
                "name": vehicle.name,
                "plate": vehicle.plate,
                "model": " ".join(str(part) for part in (vehicle.make, vehicle.model, vehicle.year) if part),
                "park": vehicle.park,
                "status": vehicle.status,
                "driver": driver.name if driver else None,
            }
        self._records, self.park_ids = records, park_ids

    def renew_locks(self, reader: Reader, vehicle_ids: Iterable[int] | None = None) -> None:
        """Read the orders shown on vehicles again: of these, or of all."""
        wanted = None if vehicle_ids is None else list(vehicle_ids)
        shown = access.list_shown_locks(reader, viewer=BOARD, vehicle_ids=wanted)
        for vehicle_id in list(self._locks) if wanted is None else wanted:
            self._locks.pop(vehicle_id, None)
        self._locks.update({vehicle_id: _lock(job) for vehicle_id, job in shown.items()})

    def read(self, reader: Reader, vehicle_ids: Iterable[int] | None = None) -> list[Row]:
        """The rows of these vehicles, or of all, as the browser gets them."""
        wanted = list(self._records) if vehicle_ids is None else [v for v in vehicle_ids if v in self._records]
        states = telemetry.list_states(reader, viewer=BOARD, vehicle_ids=None if vehicle_ids is None else wanted)
        return [self._row(vehicle_id, states.get(vehicle_id)) for vehicle_id in wanted]

    def _row(self, vehicle_id: int, state: Row | None) -> Row:
        live = {name: state[name] if state else None for name in _LIVE}
        return {
            **self._records[vehicle_id],
            **live,
            "ts": _milliseconds(live["ts"]),
            "received_at": _milliseconds(live["received_at"]),
            "dtc": live["dtc"] or [],
            "lock": self._locks.get(vehicle_id),
        }


_LIVE = (
    *("ts", "received_at", "lat", "lon", "speed_kmh", "course_deg", "ignition", "relay_on"),
    *("fuel_pct", "voltage_v", "odometer_m", "dtc"),
)


def _lock(job: JobRecord) -> Row:
    return {
        "job_id": str(job.id),
        "kind": job.kind,
        "state": job.state,
        "waiting_for": job.waiting_for,
    }


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
