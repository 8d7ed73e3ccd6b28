"""The simulator's own endpoints under /sim: make units, misbehave, and tell the truth afterwards."""

from __future__ import annotations

from typing import Any

import msgspec

from infra.simulators.bare_units import BareUnits, reply
from infra.simulators.http import Request, Response
from infra.simulators.wialon.faults import Fault
from infra.simulators.wialon.platform import Platform
from infra.simulators.wialon.refusals import Refusal


class _UnitId(msgspec.Struct):
    unit_id: int | None = None


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
        match request.method, request.path.removeprefix("/sim/").split("/"):
            case "POST", ["faults"]:
                return self._set_fault(request.body)
            case "POST", ["refusals"]:
                return self._add_refusal(request.body)
            case "POST", ["sessions", "end"]:
                return reply({"ended": self._platform.sessions.end_all()})
            case "GET", ["commands"]:
                return self._tell_commands()
            case "GET", ["logins"]:
                return reply({"good": self._platform.logins.good, "failed": self._platform.logins.failed})
        posts = "POST units, POST faults, POST refusals, POST sessions/end"
        return reply({"error": f"{posts}, GET units/<id>, GET commands and GET logins are what there is."}, 404)

    def _set_fault(self, body: bytes) -> Response:
        # Two readings of one body: the fault refuses unknown fields, and unit_id is not one of its own.
        fields = msgspec.json.decode(body, type=dict[str, Any])
        unit_id = msgspec.json.decode(body, type=_UnitId).unit_id
        fields.pop("unit_id", None)
        fault = msgspec.convert(fields, type=Fault)
        if unit_id is not None and unit_id not in self._platform.items:
            return reply({"error": f"There is no unit {unit_id}."}, 404)
        self._platform.set_fault(unit_id, fault)
        return reply({"unit_id": unit_id} | msgspec.to_builtins(fault))

    def _add_refusal(self, body: bytes) -> Response:
        refusal = msgspec.json.decode(body, type=Refusal)
        self._platform.refusals.add(refusal)
        return reply(refusal)

    def _tell_commands(self) -> Response:
        platform = self._platform
        return reply({"accepted": platform.accepted, "commands": platform.executed, "lost": platform.lost})
