"""Units made at run time, and the truth about every unit: the part of /sim that all platforms share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from infra.simulators.http import Request, Response
from infra.simulators.unit import Unit
from infra.simulators.world import World


class _NewUnit(msgspec.Struct, forbid_unknown_fields=True):
    unit_id: int
    device_uid: str
    name: str = ""
    moving: bool = False
    connected: bool = True


class BareUnits:
    """`POST /sim/units` makes a unit or tells one made before to move or to rest; `GET /sim/units/<id>` looks."""

    def __init__(self, world: World, *, on_made: Callable[[Unit], None] = lambda unit: None) -> None:
        self._world = world
        self._on_made = on_made
        self._made: set[int] = set()

    def answer(self, request: Request) -> Response | None:
        """The answer, or None when the request is not about units. Raises msgspec.DecodeError."""
        match request.method, request.path.removeprefix("/sim/").split("/"):
            case "POST", ["units"]:
                return self._put(request.body)
            case "GET", ["units", number]:
                return self._tell(number)
        return None

    def _put(self, body: bytes) -> Response:
        wish = msgspec.json.decode(body, type=_NewUnit)
        if wish.unit_id not in self._world.units:
            self._made.add(wish.unit_id)
            name = wish.name or f"Unit {wish.unit_id}"
            unit = self._world.add_bare_unit(
                wish.unit_id, wish.device_uid, name, moving=wish.moving, connected=wish.connected
            )
            self._on_made(unit)
            return reply(truth(unit), 201)
        if wish.unit_id not in self._made:
            return reply({"error": f"Unit {wish.unit_id} belongs to the fleet; it goes its own way."}, 409)
        unit = self._world.units[wish.unit_id]
        unit.tracker.switched_off = not wish.connected
        if wish.moving:
            unit.vehicle.set_off()
        else:
            unit.vehicle.come_to_rest()
        return reply(truth(unit))

    def _tell(self, number: str) -> Response:
        unit = self._world.units.get(int(number)) if number.isdecimal() else None
        return reply(truth(unit)) if unit else reply({"error": f"There is no unit {number}."}, 404)


def truth(unit: Unit) -> dict[str, Any]:
    """What is really so, whatever a platform says."""
    vehicle = unit.vehicle
    lat, lon = vehicle.position
    return {
        "unit_id": unit.unit_id,
        "device_uid": unit.device_uid,
        "name": unit.name,
        "phase": vehicle.phase,
        "speed_kmh": round(vehicle.speed_kmh, 1),
        "ignition": vehicle.ignition,
        "relay_output": vehicle.relay_output,
        "relay_on": vehicle.relay_on,
        "outputs": vehicle.outputs,
        "reachable": unit.tracker.reachable,
        "odometer_m": round(vehicle.odometer_m),
        "lat": round(lat, 6),
        "lon": round(lon, 6),
    }


def reply(document: Any, status: int = 200) -> Response:
    """An answer of /sim."""
    return Response(msgspec.json.encode(document), status)
