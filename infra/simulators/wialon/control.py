"""The simulator's own endpoints under /sim: make units, misbehave, and tell the truth afterwards."""

from __future__ import annotations

from typing import Any

import msgspec

from infra.simulators.unit import Unit
from infra.simulators.wialon.faults import Fault
from infra.simulators.wialon.http import Request, Response
from infra.simulators.wialon.platform import Platform


class _NewUnit(msgspec.Struct, forbid_unknown_fields=True):
    unit_id: int
    device_uid: str
    name: str = ""
    moving: bool = False
    connected: bool = True


class _UnitId(msgspec.Struct):
    unit_id: int | None = None


class Control:
    """Answers requests whose path begins with /sim/."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._bare: set[int] = set()

    def answer(self, request: Request) -> Response:
        """200 with JSON; 400 names what is wrong with the body, 404 and 409 what is in the way."""
        try:
            return self._route(request)
        except msgspec.DecodeError as error:
            return _json({"error": str(error)}, 400)

    def _route(self, request: Request) -> Response:
        match request.method, request.path.removeprefix("/sim/").split("/"):
            case "POST", ["units"]:
                return self._put_unit(request.body)
            case "GET", ["units", number]:
                return self._tell_unit(number)
            case "POST", ["faults"]:
                return self._set_fault(request.body)
            case "GET", ["commands"]:
                return self._tell_commands()
        return _json({"error": "POST units, GET units/<id>, POST faults and GET commands are what there is."}, 404)

    def _put_unit(self, body: bytes) -> Response:
        wish = msgspec.json.decode(body, type=_NewUnit)
        world = self._platform.world
        if wish.unit_id not in world.units:
            self._bare.add(wish.unit_id)
            name = wish.name or f"Unit {wish.unit_id}"
            unit = world.add_bare_unit(
                wish.unit_id, wish.device_uid, name, moving=wish.moving, connected=wish.connected
            )
            return _json(truth(unit), 201)
        if wish.unit_id not in self._bare:
            return _json({"error": f"Unit {wish.unit_id} belongs to the fleet; it goes its own way."}, 409)
        unit = world.units[wish.unit_id]
        unit.tracker.switched_off = not wish.connected
        if wish.moving:
            unit.vehicle.set_off()
        else:
            unit.vehicle.come_to_rest()
        return _json(truth(unit))

    def _tell_unit(self, number: str) -> Response:
        unit = self._platform.world.units.get(int(number)) if number.isdecimal() else None
        return _json(truth(unit)) if unit else _json({"error": f"There is no unit {number}."}, 404)

    def _set_fault(self, body: bytes) -> Response:
        # Two readings of one body: the fault refuses unknown fields, and unit_id is not one of its own.
        fields = msgspec.json.decode(body, type=dict[str, Any])
        unit_id = msgspec.json.decode(body, type=_UnitId).unit_id
        fields.pop("unit_id", None)
        fault = msgspec.convert(fields, type=Fault)
        if unit_id is not None and unit_id not in self._platform.items:
            return _json({"error": f"There is no unit {unit_id}."}, 404)
        self._platform.set_fault(unit_id, fault)
        return _json({"unit_id": unit_id} | msgspec.to_builtins(fault))

    def _tell_commands(self) -> Response:
        platform = self._platform
        return _json({"accepted": platform.accepted, "commands": platform.executed, "lost": platform.lost})


def truth(unit: Unit) -> dict[str, Any]:
    """What is really so, whatever the platform says."""
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


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status)
