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
from core.permissions import system
from core.telemetry import queries as telemetry
from core.vehicles import queries as vehicles

Row = dict[str, Any]

# Reads for every operator at once; what each of them may see is cut from it by park.
BOARD = system("board", "vehicles:read", "telemetry:read", "drivers:read", "access:read", "events:read")


@dataclass
class FleetRows:
    """What is known of the fleet in this process."""

    _records: dict[int, Row] = field(default_factory=dict)
    _locks: dict[int, Row] = field(default_factory=dict)
    park_ids: dict[int, int] = field(default_factory=dict)

    def renew_records(self, reader: Reader, *, at: datetime) -> None:
        """Read names and drivers of all vehicles again. One that is written off is on no board."""
        current = drivers.list_current_drivers(reader, viewer=BOARD, at=at)
        records, park_ids = {}, {}
        for vehicle in vehicles.list_vehicles(reader, viewer=BOARD):
            if vehicle.status == "written_off":
                continue
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

    def read(self, reader: Reader, vehicle_ids: Iterable[int] | None = None) -> dict[int, Row]:
        """The rows of those of these vehicles that are on boards, or of all, as the browser gets them."""
        wanted = list(self._records) if vehicle_ids is None else [v for v in vehicle_ids if v in self._records]
        states = telemetry.list_states(reader, viewer=BOARD, vehicle_ids=None if vehicle_ids is None else wanted)
        return {vehicle_id: self._row(vehicle_id, states.get(vehicle_id, {})) for vehicle_id in wanted}

    def name(self, vehicle_id: int) -> str:
        """What people call a vehicle on a board."""
        return str(self._records[vehicle_id]["name"])

    def _row(self, vehicle_id: int, state: Row) -> Row:
        return {
            **self._records[vehicle_id],
            **{name: _rounded(state.get(name), digits) for name, digits in _MEASURED.items()},
            "ts": _milliseconds(state.get("ts")),
            "received_at": _milliseconds(state.get("received_at")),
            "ignition": state.get("ignition"),
            "relay_on": state.get("relay_on"),
            "odometer_m": state.get("odometer_m"),
            "dtc": state.get("dtc") or [],
            "lock": self._locks.get(vehicle_id),
        }


# With as many decimals as a board can show: less than that is no change.
_MEASURED = {"lat": 6, "lon": 6, "speed_kmh": 1, "course_deg": 0, "fuel_pct": 1, "voltage_v": 2}
# The members that change with a report; all others change rarely, and some of them without a fact.
REPORTED = frozenset({*_MEASURED, "ts", "received_at", "ignition", "relay_on", "odometer_m", "dtc"})


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _lock(job: JobRecord) -> Row:
    return {
        "job_id": str(job.id),
        "kind": job.kind,
        "state": job.state,
        "waiting_for": job.waiting_for,
    }


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
