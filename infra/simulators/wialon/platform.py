"""The platform itself: items, sessions, and the queue that carries commands to the devices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from infra.simulators.fleet.record import Record
from infra.simulators.http import CutConnection
from infra.simulators.unit import Unit
from infra.simulators.wialon.errors import ACCESS_DENIED, INVALID_INPUT, NOT_EXECUTED, WialonError
from infra.simulators.wialon.faults import Fault, Faults
from infra.simulators.wialon.item import Item
from infra.simulators.wialon.messages import Registered, SentCommand, command_message, data_message, now
from infra.simulators.wialon.refusals import Refusals
from infra.simulators.wialon.session import ApiSessions, Logins
from infra.simulators.world import World

TRANSIT_S = (0.2, 1.5)
LOOK_FOR_CHANNEL_EVERY_S = 0.1
OUTPUTS = 16

# What the simulated hardware can do, by link.
COMMANDS_BY_LINK = {"tcp": ["output_on", "output_off", "block_engine", "unblock_engine", "query_pos", "custom_msg"]}


@dataclass(frozen=True, slots=True)
class Order:
    """A command on its way. `timeout_s` is how long it may wait for the device's data channel."""

    id: int
    unit_id: int
    name: str
    type: str
    param: str
    timeout_s: float
    accepted_at: float


class Platform:
    """Everything behind the API. `executed` and `lost` are the witness of what became of each order."""

    def __init__(self, world: World, *, token: str, seed: int = 0, session_idle_s: float) -> None:
        self.world = world
        self.token = token
        self.items: dict[int, Item] = {}
        self.sessions = ApiSessions(idle_s=session_idle_s)
        self.logins = Logins()
        self.faults = Faults()
        self.refusals = Refusals()
        self.accepted = 0
        self.executed: list[dict[str, Any]] = []
        self.lost: list[dict[str, Any]] = []
        self._rng = Random(f"{seed}:platform")
        self._deliveries: set[asyncio.Task[None]] = set()
        world.on_arrival(self._enroll)

    def item(self, unit_id: int) -> Item:
        """The item of that number. Raises error 7, which also means "not yours"."""
        try:
            return self.items[unit_id]
        except KeyError:
            raise WialonError(ACCESS_DENIED) from None

    def set_fault(self, unit_id: int | None, fault: Fault) -> None:
        """Misbehave from now on."""
        self.faults.set(unit_id, fault)
        for item in self.items.values():
            if unit_id in (None, item.unit.unit_id):
                item.unit.tracker.jammed = fault.offline

    async def execute(self, item: Item, *, name: str, type_: str, link: str, param: str, timeout_s: float) -> None:
        """Take a command into the queue; returning means accepted, nothing more.

        Raises error 5 when there is no such link now, error 4 when the command makes no sense.
        """
        if link not in {"", "tcp"} or not item.unit.tracker.reachable:
            raise WialonError(NOT_EXECUTED, "no link of this type")
        action = _action(item.unit, type_, param)
        fault = self.faults.of(item.unit.unit_id)
        if fault.die:
            raise CutConnection
        self.accepted += 1
        order = Order(self.accepted, item.unit.unit_id, name, type_, param, timeout_s, time.time())
        task = asyncio.create_task(self._deliver(item, order, action, fault))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)
        if fault.die_after_accept:
            raise CutConnection
        await asyncio.sleep(fault.answer_delay_s)

    async def _deliver(self, item: Item, order: Order, action: Callable[[], None], fault: Fault) -> None:
        if self._rng.random() < fault.drop:
            self._lose(order, "dropped")
            return
        async with item.queue:  # commands to one device keep their order
            if not await self._wait_for_channel(item, order, fault.delay_s):
                self._lose(order, "expired")
                return
            await asyncio.sleep(self._rng.uniform(*TRANSIT_S))
            if not item.unit.tracker.reachable:
                self._lose(order, "connection lost on the way")
                return
            for _ in range(2 if fault.double else 1):
                self._carry_out(item, order, action, lie=fault.lie)

    async def _wait_for_channel(self, item: Item, order: Order, delay_s: float) -> bool:
        """False when the order's time ran out first."""
        deadline = order.accepted_at + order.timeout_s
        not_before = order.accepted_at + delay_s
        while time.time() < not_before or not item.unit.tracker.reachable:
            if time.time() >= deadline:
                return False
            await asyncio.sleep(LOOK_FOR_CHANNEL_EVERY_S)
        return time.time() <= deadline + LOOK_FOR_CHANNEL_EVERY_S

    def _carry_out(self, item: Item, order: Order, action: Callable[[], None], *, lie: bool) -> None:
        vehicle = item.unit.vehicle
        sent = SentCommand(now(), order.name, order.type, order.param)
        item.commands.append(sent)
        self._tell_sessions(order.unit_id, command_message(sent))
        witness = asdict(order) | {
            "executed_at": time.time(),
            "speed_kmh": round(vehicle.speed_kmh, 1),
            "ignition": vehicle.ignition,
            "relay_on_before": vehicle.relay_on,
            "lie": lie,
        }
        if not lie:
            action()
        self.executed.append(witness | {"relay_on_after": vehicle.relay_on})

    def _lose(self, order: Order, why: str) -> None:
        self.lost.append(asdict(order) | {"why": why, "at": time.time()})

    def _enroll(self, unit: Unit) -> None:
        item = Item(unit)
        self.items[unit.unit_id] = item
        unit.tracker.jammed = self.faults.of(unit.unit_id).offline

        def keep(record: Record) -> None:
            registered = Registered(record, now())
            item.records.append(registered)
            self._tell_sessions(unit.unit_id, data_message(registered))

        unit.tracker.listen(keep)

    def _tell_sessions(self, unit_id: int, message: dict[str, Any]) -> None:
        for session in self.sessions:
            session.notice(unit_id, message)


def _action(unit: Unit, type_: str, param: str) -> Callable[[], None]:
    """What the device will do. Raises error 4 for a command it does not know or a parameter it cannot use."""
    tracker, relay = unit.tracker, unit.vehicle.relay_output
    if type_ in {"output_on", "output_off"}:
        if not param.isdecimal() or not 1 <= int(param) <= OUTPUTS:
            raise WialonError(INVALID_INPUT, "output_on and output_off take the number of an output, from 1")
        return lambda: tracker.switch_output(int(param), on=type_ == "output_on", second=now())
    if type_ in {"block_engine", "unblock_engine"}:
        return lambda: tracker.switch_output(relay, on=type_ == "block_engine", second=now())
    if type_ == "query_pos":
        return tracker.report
    if type_ == "custom_msg":
        return lambda: None
    raise WialonError(INVALID_INPUT, "this hardware does not know the command type")
