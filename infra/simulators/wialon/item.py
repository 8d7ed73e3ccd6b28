"""A unit as the platform sees it: its properties, its command definitions, its log."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from infra.simulators.unit import Unit
from infra.simulators.wialon.messages import Registered, SentCommand, data_message, position

BASE, ADVANCED, COMMANDS_NOW = 1, 256, 512
LAST_MESSAGE, ALL_COMMANDS, CONNECTION = 1024, 524_288, 2_097_152

UNIT_CLASS = 2
HARDWARE_ID = 96
EXECUTE_COMMANDS = 0x1_000_000
KEPT_RECORDS = 60
KEPT_COMMANDS = 1000


@dataclass(frozen=True, slots=True)
class CommandDefinition:
    """`n` name, `c` command type, `l` link type, `p` parameter, `a` access mask: the API's own letters."""

    id: int
    n: str
    c: str
    l: str  # noqa: E741 - the wire name
    p: str
    a: int


class Item:
    """What the platform keeps about one unit."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.records: deque[Registered] = deque(maxlen=KEPT_RECORDS)
        self.commands: deque[SentCommand] = deque(maxlen=KEPT_COMMANDS)
        self.queue = asyncio.Lock()
        output = str(unit.vehicle.relay_output)
        self.definitions = {
            1: CommandDefinition(1, "Immobilize", "output_on", "tcp", output, EXECUTE_COMMANDS),
            2: CommandDefinition(2, "Release", "output_off", "tcp", output, EXECUTE_COMMANDS),
        }

    def definition_named(self, name: str) -> CommandDefinition | None:
        """The command of that name, if it is defined."""
        return next((d for d in self.definitions.values() if d.n == name), None)

    def property(self, name: str) -> str | None:
        """A searchable property as text; None if there is no such property."""
        unit = self.unit
        known = {"sys_id": str(unit.unit_id), "sys_unique_id": unit.device_uid, "sys_name": unit.name}
        return known.get(name)

    def describe(self, flags: int) -> dict[str, Any]:
        """The parts of the item that `flags` ask for."""
        unit, reachable = self.unit, self.unit.tracker.reachable
        parts: dict[str, Any] = {}
        if flags & BASE:
            parts |= {
                "nm": unit.name,
                "cls": UNIT_CLASS,
                "id": unit.unit_id,
                "mu": 0,
                "uacl": EXECUTE_COMMANDS,
            }
        if flags & ADVANCED:
            parts |= {"uid": unit.device_uid, "hw": HARDWARE_ID, "ph": "", "ph2": ""}
        if flags & COMMANDS_NOW:
            usable = self.definitions.values() if reachable else ()
            parts["cmds"] = [{"n": d.n, "a": d.a, "t": d.l, "c": d.c} for d in usable]
        if flags & LAST_MESSAGE:
            last = self.records[-1] if self.records else None
            parts |= {"pos": last and position(last.record), "lmsg": last and data_message(last)}
        if flags & ALL_COMMANDS:
            parts["cml"] = {str(d.id): asdict(d) for d in self.definitions.values()}
        if flags & CONNECTION:
            parts["netconn"] = int(reachable)
        return parts


def matches(text: str, mask: str) -> bool:
    """`*` stands for any text, `|` for "or"; case does not matter."""
    return any(
        re.fullmatch(".*".join(re.escape(part) for part in choice.split("*")), text, re.IGNORECASE)
        for choice in mask.split("|")
    )
