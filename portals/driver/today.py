"""Today: my vehicle, how it is, and whether it is locked."""

from __future__ import annotations

from typing import Any

from flask import Response

from core.drivers import queries
from core.inbox import queries as inbox
from core.telemetry import queries as telemetry
from portals import hx
from portals.doors import actor, at, read
from portals.driver import bp
from portals.driver.locks import read_told
from portals.filters import zone

KINDS = {"shift": "Shift", "rental": "Rental", "buy_out": "Buy-out"}


@bp.get("/")
def today() -> Response:
    """The first page of a driver."""
    own = queries.find_own_driver(read(), viewer=actor(), at=at())
    vehicle_id = own.vehicle_id if own else None
    return hx.render(
        "driver/today.html",
        "driver/_mine.html",
        own=own,
        kinds=KINDS,
        reminders=inbox.list_own_reminders(read(), viewer=actor()),
        today=at().astimezone(zone()).date(),
        **_read_vehicle(vehicle_id),
    )


def _read_vehicle(vehicle_id: int | None) -> dict[str, Any]:
    """The state and the lock of the driver's own vehicle."""
    if vehicle_id is None:
        return {"state": None, "told": None}
    states = telemetry.list_own_states(read(), viewer=actor())
    return {"state": states.get(vehicle_id), "told": read_told()}
