"""The server itself: its devices, its queue of commands for those that are away, and its faults."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from random import Random
from typing import Any

from infra.simulators.fleet.record import Record
from infra.simulators.http import CutConnection
from infra.simulators.traccar.device import Device
from infra.simulators.traccar.errors import TraccarError, access_denied
from infra.simulators.traccar.faults import Fault
from infra.simulators.traccar.forwarding import Forwarder
from infra.simulators.traccar.models import switching
from infra.simulators.unit import Unit
from infra.simulators.world import World

TRANSIT_S = (0.2, 1.5)
ANSWER_S = (0.05, 0.4)
VERSION = "6.14.5"

Action = tuple[int, bool] | None


@dataclass(frozen=True, slots=True)
class Order:
    """A command on its way to a device."""

    id: int
    unit_id: int
    type: str
    attributes: dict[str, Any]
    accepted_at: float
    was_queued: bool


class Platform:
    """Everything behind the API. `executed` and `lost` are the witness of what became of each command."""

    def __init__(self, world: World, *, token: str, seed: int = 0) -> None:
        self.world = world
        self.token = token
        self.version = VERSION
        self.devices: dict[int, Device] = {}
        self.executed: list[dict[str, Any]] = []
        self.lost: list[dict[str, Any]] = []
        self.queued: list[Order] = []
        self.forwarder = Forwarder()
        self._numbers = itertools.count(1)
        self._fault_for_all = Fault()
        self._faults: dict[int, Fault] = {}
        self._rng = Random(f"{seed}:traccar")
        self._deliveries: set[asyncio.Task[None]] = set()
        world.on_arrival(self._enroll)

    @property
    def accepted(self) -> int:
        """How many commands were taken, the queued ones included."""
        return len(self.executed) + len(self.lost) + len(self.queued) + len(self._deliveries)

    def device(self, number: int) -> Device:
        """The device of that number. Raises TraccarError, which also means "not yours"."""
        try:
            return self.devices[number]
        except KeyError:
            raise access_denied() from None

    def fault_of(self, unit_id: int) -> Fault:
        """What this device suffers from: its own, else what all do."""
        return self._faults.get(unit_id, self._fault_for_all)

    def set_fault(self, unit_id: int | None, fault: Fault) -> None:
        """Misbehave from now on: for one device, or for all (None), which then forget their own."""
        if unit_id is None:
            self._fault_for_all = fault
            self._faults.clear()
        else:
            self._faults[unit_id] = fault
        for device in self.devices.values():
            if unit_id in (None, device.number):
                device.unit.tracker.jammed = fault.offline

    async def send(self, device: Device, type_: str, attributes: dict[str, Any]) -> Order | None:
        """Hand a command to the device's connection; an order that is returned was queued instead.

        Raises TraccarError when there is no connection and noQueue is set, or the protocol cannot carry it.
        """
        fault = self.fault_of(device.number)
        await asyncio.sleep(fault.hold_s)
        if fault.die:
            raise CutConnection
        if fault.refuse:
            raise TraccarError(fault.refuse)
        is_away = not device.unit.tracker.reachable
        if is_away and attributes.get("noQueue") and not fault.queue:
            raise TraccarError("Failed to send command")
        order = Order(
            next(self._numbers), device.number, type_, attributes, time.time(), was_queued=is_away or fault.queue
        )
        if order.was_queued:
            self.queued.append(order)
            return order
        self._set_out(device, order, switching(device.model, type_, attributes), fault)
        if fault.die_after_accept:
            raise CutConnection
        await asyncio.sleep(fault.answer_delay_s)
        return None

    def _set_out(self, device: Device, order: Order, action: Action, fault: Fault) -> None:
        task = asyncio.create_task(self._deliver(device, order, action, fault))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, device: Device, order: Order, action: Action, fault: Fault) -> None:
        if self._rng.random() < fault.drop:
            self._lose(order, "dropped")
            return
        await asyncio.sleep(fault.delay_s + self._rng.uniform(*TRANSIT_S))
        if not device.unit.tracker.reachable:
            self._lose(order, "connection lost on the way")
            return
        for _ in range(2 if fault.double else 1):
            self._carry_out(device, order, action, lie=fault.lie)
        if not fault.silent:
            await asyncio.sleep(self._rng.uniform(*ANSWER_S))
            device.answer_command(f"{order.type}: OK")

    def _carry_out(self, device: Device, order: Order, action: Action, *, lie: bool) -> None:
        vehicle = device.unit.vehicle
        witness = {
            "id": order.id,
            "unit_id": order.unit_id,
            "type": order.type,
            "attributes": order.attributes,
            "accepted_at": order.accepted_at,
            "was_queued": order.was_queued,
            "executed_at": time.time(),
            "speed_kmh": round(vehicle.speed_kmh, 1),
            "ignition": vehicle.ignition,
            "relay_on_before": vehicle.relay_on,
            "lie": lie,
        }
        if action is not None and not lie:
            output, is_on = action
            device.unit.tracker.switch_output(output, on=is_on, second=int(time.time()))
        self.executed.append(witness | {"relay_on_after": vehicle.relay_on})

    def _lose(self, order: Order, why: str) -> None:
        self.lost.append({"id": order.id, "unit_id": order.unit_id, "type": order.type, "why": why, "at": time.time()})

    def _enroll(self, unit: Unit) -> None:
        device = Device(unit)
        self.devices[unit.unit_id] = device
        unit.tracker.jammed = unit.tracker.jammed or self.fault_of(unit.unit_id).offline

        def keep(record: Record) -> None:
            self.forwarder.forward(device.take(record), device.describe())
            self._empty_queue(device)

        unit.tracker.listen(keep)

    def _empty_queue(self, device: Device) -> None:
        """The device is heard of: what waited for it leaves, however old it is. So does Traccar."""
        if not self.queued or self.fault_of(device.number).queue:
            return
        waiting = [order for order in self.queued if order.unit_id == device.number]
        for order in waiting:
            self.queued.remove(order)
            device.note("queuedCommandSent", attributes={"id": order.id})
            try:
                action = switching(device.model, order.type, order.attributes)
            except TraccarError:
                self._lose(order, "not supported")
            else:
                self._set_out(device, order, action, self.fault_of(device.number))
