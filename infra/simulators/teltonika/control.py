"""The simulator's own endpoints under /sim: make units, misbehave, and tell the truth afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import msgspec

from infra.simulators.bare_units import BareUnits, reply
from infra.simulators.http import Request, Response, serve_http
from infra.simulators.teltonika.faults import Fault
from infra.simulators.teltonika.fleet import Trackers
from infra.simulators.unit import Unit
from infra.simulators.world import World


class _UnitId(msgspec.Struct):
    unit_id: int | None = None


class Control:
    """Answers requests. The units made here have a Teltonika tracker that reports to the product."""

    def __init__(self, world: World, trackers: Trackers) -> None:
        self._world = world
        self._trackers = trackers
        self._units = BareUnits(world, on_made=self._fit)

    async def answer(self, request: Request) -> Response:
        """200 with JSON; 400 names what is wrong with the body, 404 and 409 what is in the way."""
        if not request.path.startswith("/sim/"):
            return reply({"error": "What there is begins with /sim/."}, 404)
        try:
            return self._units.answer(request) or self._route(request)
        except msgspec.DecodeError as error:
            return reply({"error": str(error)}, 400)

    def _fit(self, unit: Unit) -> None:
        self._world.run_session(unit, self._trackers.fit, within_s=0)
        unit.tracker.report()

    def _route(self, request: Request) -> Response:
        match request.method, request.path.removeprefix("/sim/"):
            case "POST", "faults":
                return self._set_fault(request.body)
            case "GET", "commands":
                return self._tell_commands()
        return reply({"error": "POST units, POST faults, GET units/<id> and GET commands are what there is."}, 404)

    def _set_fault(self, body: bytes) -> Response:
        # Two readings of one body: the fault refuses unknown fields, and unit_id is not one of its own.
        fields = msgspec.json.decode(body, type=dict[str, Any])
        unit_id = msgspec.json.decode(body, type=_UnitId).unit_id
        fields.pop("unit_id", None)
        fault = msgspec.convert(fields, type=Fault)
        if unit_id is not None and unit_id not in self._trackers.devices:
            return reply({"error": f"There is no unit {unit_id} with a Teltonika tracker."}, 404)
        self._trackers.set_fault(unit_id, fault)
        return reply({"unit_id": unit_id} | msgspec.to_builtins(fault))

    def _tell_commands(self) -> Response:
        trackers = self._trackers
        queued = [
            {"unit_id": number} | asdict(each) for number, device in trackers.devices.items() for each in device.queued
        ]
        return reply({"commands": trackers.switched, "heard": trackers.heard, "queued": queued})


async def serve(world: World, trackers: Trackers, host: str, port: int) -> str:
    """Serve /sim; returns its address. Port 0 takes a free one. Raises OSError when the port is taken."""
    server: asyncio.Server = await serve_http(Control(world, trackers).answer, host, port)
    bound_host, bound_port = server.sockets[0].getsockname()[:2]
    return f"http://{bound_host}:{bound_port}"
