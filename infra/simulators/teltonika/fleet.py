"""All simulated Teltonika trackers, their faults, and what they witness."""

from __future__ import annotations

from random import Random
from typing import Any

from infra.simulators.fleet.session import Counts
from infra.simulators.teltonika.device import Device
from infra.simulators.teltonika.faults import Fault
from infra.simulators.teltonika.session import TeltonikaSession
from infra.simulators.unit import Unit


class Trackers:
    """`server` is where the product listens for them. `switched` and `heard` are the witness (see Device)."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.devices: dict[int, Device] = {}
        self.switched: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        self._server = server
        self._fault_for_all = Fault()
        self._faults: dict[int, Fault] = {}

    def fit(self, unit: Unit, counts: Counts, rng: Random) -> TeltonikaSession:
        """Put a Teltonika tracker into a unit; returns its session, which somebody must run."""
        device = Device(unit, lambda: self.fault_of(unit.unit_id), self.switched, self.heard)
        self.devices[unit.unit_id] = device
        unit.tracker.jammed = unit.tracker.jammed or self.fault_of(unit.unit_id).offline
        return TeltonikaSession(device, server=self._server, counts=counts, rng=rng)

    def fault_of(self, unit_id: int) -> Fault:
        """What this tracker suffers from: its own, else what all do."""
        return self._faults.get(unit_id, self._fault_for_all)

    def set_fault(self, unit_id: int | None, fault: Fault) -> None:
        """Misbehave from now on: one tracker, or all (None), which then forget their own."""
        if unit_id is None:
            self._fault_for_all = fault
            self._faults.clear()
        else:
            self._faults[unit_id] = fault
        for number, device in self.devices.items():
            if unit_id in (None, number):
                device.unit.tracker.jammed = fault.offline
