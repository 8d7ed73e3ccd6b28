"""The simulator's own endpoints under /sim: make units, misbehave, and tell the truth afterwards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from infra.simulators.bare_units import BareUnits, reply
from infra.simulators.http import Request, Response
from infra.simulators.traccar.faults import Fault
from infra.simulators.traccar.forwarding import Forwarding
from infra.simulators.traccar.models import MODELS
from infra.simulators.traccar.platform import Platform


class _UnitId(msgspec.Struct):
    unit_id: int | None = None


class _Protocol(msgspec.Struct, forbid_unknown_fields=True):
    unit_id: int
    protocol: str


class _Server(msgspec.Struct, forbid_unknown_fields=True):
    version: str


class Control:
    """Answers requests whose path begins with /sim/."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._units = BareUnits(platform.world)

    def answer(self, request: Request) -> Response:
        """200 with JSON; 400 names what is wrong with the body, 404 and 409 what is in the way."""
        try:
            return self._units.answer(request) or self._route(request)
        except msgspec.DecodeError as error:
            return reply({"error": str(error)}, 400)

    def _route(self, request: Request) -> Response:
        match request.method, request.path.removeprefix("/sim/"):
            case "POST", "faults":
                return self._set_fault(request.body)
            case "POST", "protocols":
                return self._set_protocol(request.body)
            case "POST", "server":
                self._platform.version = msgspec.json.decode(request.body, type=_Server).version
                return reply({"version": self._platform.version})
            case "POST", "forward":
                self._platform.forwarder.to = msgspec.json.decode(request.body, type=Forwarding)
                return reply({"sent": self._platform.forwarder.sent, "failed": self._platform.forwarder.failed})
            case "GET", "commands":
                return self._tell_commands()
        posts = "POST units, POST faults, POST protocols, POST server, POST forward"
        return reply({"error": f"{posts}, GET units/<id> and GET commands are what there is."}, 404)

    def _set_fault(self, body: bytes) -> Response:
        # Two readings of one body: the fault refuses unknown fields, and unit_id is not one of its own.
        fields = msgspec.json.decode(body, type=dict[str, Any])
        unit_id = msgspec.json.decode(body, type=_UnitId).unit_id
        fields.pop("unit_id", None)
        fault = msgspec.convert(fields, type=Fault)
        if unit_id is not None and unit_id not in self._platform.devices:
            return reply({"error": f"There is no unit {unit_id}."}, 404)
        self._platform.set_fault(unit_id, fault)
        return reply({"unit_id": unit_id} | msgspec.to_builtins(fault))

    def _set_protocol(self, body: bytes) -> Response:
        wish = msgspec.json.decode(body, type=_Protocol)
        device = self._platform.devices.get(wish.unit_id)
        if device is None or wish.protocol not in MODELS:
            return reply({"error": f"A unit and one of {', '.join(MODELS)} are wanted."}, 404)
        device.model = MODELS[wish.protocol]
        device.positions.clear()
        return reply({"unit_id": wish.unit_id, "protocol": wish.protocol})

    def _tell_commands(self) -> Response:
        platform = self._platform
        return reply(
            {
                "accepted": platform.accepted,
                "commands": platform.executed,
                "lost": platform.lost,
                "queued": [asdict(order) for order in platform.queued],
            }
        )
