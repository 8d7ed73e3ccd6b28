"""What a tracker does with a command, and what it says to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from infra.simulators.teltonika.faults import Fault
from infra.simulators.unit import Unit

OUTPUTS = 4
TRANSIT_S = (0.05, 0.4)
LOOK_AT_SPEED_EVERY_S = 0.2
VERSION = "Ver:03.28.07_00 GPS:AXN_5.1.9_3333_19020118 Hw:FMB120 Mod:9 IMEI:{imei} Init:2026-1-1 0:0 Uptime:1"
UNKNOWN = "Unknown command or invalid format"


@dataclass(frozen=True, slots=True)
class Switching:
    """One output to switch. `below_kmh` None: at any speed. `for_s` None: it lasts."""

    text: str
    output: int
    is_on: bool
    for_s: int | None
    below_kmh: int | None
    given_at: float


class Device:
    """One tracker. `switched` and `heard` witness every relay that was switched, and every command and answer."""

    def __init__(
        self, unit: Unit, fault: Callable[[], Fault], switched: list[dict[str, Any]], heard: list[dict[str, Any]]
    ) -> None:
        self.unit = unit
        self._fault = fault
        self._switched = switched
        self._heard = heard
        self._queued: dict[int, Switching] = {}
        self._ends: dict[int, asyncio.TimerHandle] = {}
        self._rng = Random(f"{unit.device_uid}:commands")
        self._lock = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    @property
    def queued(self) -> list[Switching]:
        """What it will do when it is slow enough."""
        return list(self._queued.values())

    async def obey(self, text: str) -> list[str]:
        """Do as told, one command after the other; returns its answers.

        Raises ConnectionAbortedError when it dies of it.
        """
        async with self._lock:
            fault = self._fault()
            if fault.die:
                raise ConnectionAbortedError
            if self._rng.random() < fault.drop:
                return []
            await asyncio.sleep(self._rng.uniform(*TRANSIT_S) + fault.delay_s)
            answers = [self._carry_out(text) for _ in range(2 if fault.double else 1)]
            self._heard.append(self._witness() | {"text": text, "at": time.time(), "answers": answers})
            if fault.die_after:
                raise ConnectionAbortedError
            if fault.silent:
                return []
            await asyncio.sleep(fault.answer_delay_s)
            return answers

    def _carry_out(self, text: str) -> str:
        name, *arguments = text.split(" ")
        vehicle = self.unit.vehicle
        match name:
            case "setdigout" if arguments:
                return self._set_outputs(text, arguments)
            case "getio":
                told = [f"DI1:{int(vehicle.ignition)} DI2:0 DI3:0 AIN1:0 AIN2:0"]
                told += [f"DO{number}:{vehicle.outputs >> (number - 1) & 1}" for number in range(1, OUTPUTS + 1)]
                return " ".join(told)
            case "getver":
                return VERSION.format(imei=self.unit.device_uid)
        return UNKNOWN

    def _set_outputs(self, text: str, arguments: list[str]) -> str:
        """`setdigout XY… <timeoutX> <timeoutY>… <speedX> <speedY>…`; a new one replaces what waits."""
        states, *numbers = arguments
        count = len(states)
        if not set(states) <= set("01?") or count > OUTPUTS or len(numbers) > 2 * count:
            return UNKNOWN
        if not all(number == "?" or number.isdecimal() for number in numbers):
            return UNKNOWN
        limits = [None if number == "?" else int(number) for number in numbers] + [None] * (2 * count - len(numbers))
        told = []
        for place, state in enumerate(states):
            if state == "?":
                told.append(f"DOUT{place + 1}:IGNORED")
            else:
                for_s, below_kmh = limits[place], limits[count + place]
                told.append(self._set(Switching(text, place + 1, state == "1", for_s, below_kmh, time.time())))
        return " ".join(told)

    def _set(self, switching: Switching) -> str:
        fault, number = self._fault(), switching.output
        if fault.disabled:
            return f"DOUT{number} Is disabled from CFG"
        self._queued.pop(number, None)
        timeout = "INFINITY" if switching.for_s is None else f"{switching.for_s}s"
        said = f"DOUT{number}:{int(switching.is_on)} Timeout:{timeout}"
        if self._may_switch(switching):
            self._switch(switching, was_queued=False)
            return said
        self._queued[number] = switching
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._wait_to_be_slow())
        return f"{said} Speed threshold:{switching.below_kmh}km/h Speed is above threshold, queued"

    def _may_switch(self, switching: Switching) -> bool:
        limit = switching.below_kmh
        return limit is None or (self.unit.vehicle.speed_kmh <= limit and not self._fault().queue)

    async def _wait_to_be_slow(self) -> None:
        while self._queued:
            await asyncio.sleep(LOOK_AT_SPEED_EVERY_S)
            for switching in self.queued:
                if self._may_switch(switching):
                    del self._queued[switching.output]
                    self._switch(switching, was_queued=True)

    def _switch(self, switching: Switching, *, was_queued: bool) -> None:
        vehicle, number, lie = self.unit.vehicle, switching.output, self._fault().lie
        witness = self._witness() | {
            "text": switching.text,
            "output": number,
            "on": switching.is_on,
            "given_at": switching.given_at,
            "executed_at": time.time(),
            "was_queued": was_queued,
            "speed_kmh": round(vehicle.speed_kmh, 1),
            "ignition": vehicle.ignition,
            "relay_on_before": vehicle.relay_on,
            "lie": lie,
        }
        if not lie:
            self._move(number, on=switching.is_on)
        self._switched.append(witness | {"relay_on_after": vehicle.relay_on})
        if (ending := self._ends.pop(number, None)) is not None:
            ending.cancel()
        if switching.for_s is not None and switching.is_on:
            loop = asyncio.get_running_loop()
            self._ends[number] = loop.call_later(switching.for_s, lambda: self._move(number, on=False))

    def _move(self, output: int, *, on: bool) -> None:
        self.unit.tracker.switch_output(output, on=on, second=int(time.time()))

    def _witness(self) -> dict[str, Any]:
        return {"unit_id": self.unit.unit_id, "device_uid": self.unit.device_uid}
