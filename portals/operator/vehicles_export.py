"""The fleet table as a file: CSV after RFC 4180, with cells that no spreadsheet reckons with.

Who drives stands there as the number of the driver: a file leaves the house, and a name would with it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from flask import Response

from core import audit
from core.drivers import queries as drivers
from core.telemetry import queries as telemetry
from core.vehicles import queries
from core.vehicles.queries import VehicleRecord
from portals.doors import actor, at, read, write
from portals.operator import bp
from portals.operator.vehicles_asked import as_query, list_asked
from portals.operator.vehicles_picked import read_picked
from portals.security.cells import as_cell

COLUMNS = (
    "vehicle_id",
    "name",
    "plate",
    "vin",
    "make",
    "model",
    "year",
    "class",
    "powertrain",
    "park",
    "groups",
    "status",
    "papers_until",
    "tracker",
    "driver_id",
    "driver_since_utc",
    "last_report_utc",
    "odometer_km",
    "registered_utc",
)
_STEP = 1_000


@bp.post("/vehicles/export")
def export_vehicles() -> Response:
    """The ticked vehicles, or all that match, as a file for a spreadsheet. Times are UTC. Who took it is audited."""
    picked = read_picked()
    vehicles = list_asked(picked.asked, as_query(picked.asked, picked.ids))
    audit.record(
        write(),
        actor=actor(),
        at=at(),
        action="vehicles.exported",
        subject=("audit", "vehicles"),
        count=len(vehicles),
        is_whole=picked.ids is None,
        chosen={name: list(values) for name, values in picked.asked.chosen.items()},
    )
    headers = {
        "Content-Disposition": f'attachment; filename="vehicles-{at():%Y-%m-%d}.csv"',
        "Cache-Control": "no-store",
    }
    return Response("".join(_write(vehicles)), content_type="text/csv; charset=utf-8", headers=headers)


def _write(vehicles: Sequence[VehicleRecord]) -> Iterator[str]:
    yield _text([COLUMNS])
    for start in range(0, len(vehicles), _STEP):
        yield _text(_lines(vehicles[start : start + _STEP]))


def _lines(vehicles: Sequence[VehicleRecord]) -> Iterator[Sequence[object]]:
    ids = [vehicle.id for vehicle in vehicles]
    states = telemetry.list_states(read(), viewer=actor(), vehicle_ids=ids)
    current = drivers.list_current_drivers(read(), viewer=actor(), at=at(), vehicle_ids=ids)
    groups = queries.list_groups(read(), viewer=actor(), vehicle_ids=ids)
    ends: dict[int, date] = {}
    for vehicle_id, _, _, until in queries.list_expiring_documents(
        read(), viewer=actor(), until=date.max, vehicle_ids=ids
    ):
        ends.setdefault(vehicle_id, until)
    for vehicle in vehicles:
        state, driver = states.get(vehicle.id), current.get(vehicle.id)
        odometer_m = state["odometer_m"] if state else None
        yield (
            vehicle.id,
            as_cell(vehicle.name),
            as_cell(vehicle.plate or ""),
            vehicle.vin,
            as_cell(vehicle.make or ""),
            as_cell(vehicle.model),
            vehicle.year or "",
            vehicle.vehicle_class,
            vehicle.powertrain or "",
            as_cell(vehicle.park),
            as_cell("; ".join(groups.get(vehicle.id, ()))),
            vehicle.status,
            ends.get(vehicle.id, ""),
            as_cell(vehicle.device_uid or ""),
            driver.driver_id if driver else "",
            _utc(driver.since) if driver else "",
            _utc(state["ts"]) if state else "",
            "" if odometer_m is None else round(odometer_m / 1000, 1),
            _utc(vehicle.created_at),
        )


def _text(lines: Iterator[Sequence[object]] | Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
