"""Orders carried out by a real worker against the simulated Traccar, which witnesses every command itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import clock
from core.access.delivery import Delivery
from core.access.gateway.traccar import TraccarGateway
from core.access.models import JobState
from core.config import AccessTiming, TraccarAccount
from core.db import Database
from core.vehicles import service as vehicles
from core.vehicles.models import RelayGateway
from core.vehicles.schemas import NewTracker, NewVehicle
from infra.simulators.process import SimulatorProcess
from tests.conftest import ROOT
from tests.orders import PLENTY
from tests.tasks.test_orders import World

HURRIED = AccessTiming(attempt_at_s=(0.0, 0.6, 1.2), command_ttl_s=1, verdict_by_s=2.5)


class TraccarWorld(World):
    """The same product, with the relay of its vehicle behind Traccar."""

    @property
    def roads(self) -> dict[str, str]:
        return {"ERP_TRACCAR_URL": self.simulator.traccar_url, "ERP_TRACCAR_TOKEN": self.simulator.token}

    def told(self, what: str) -> Any:
        return httpx.get(f"{self.simulator.traccar_url}/sim/{what}", trust_env=False).json()

    def commands(self) -> list[dict[str, Any]]:
        commands: list[dict[str, Any]] = self.told("commands")["commands"]
        return commands

    def fault(self, **fault: object) -> None:
        httpx.post(f"{self.simulator.traccar_url}/sim/faults", json=fault, trust_env=False).raise_for_status()


@pytest.fixture
def world(database: Database, at: datetime, tmp_path: Path) -> Iterator[TraccarWorld]:
    with SimulatorProcess() as simulator, contextlib.ExitStack() as workers:
        made = TraccarWorld(database, simulator, tmp_path, [], [])
        with database.transaction() as session:
            park = vehicles.add_park(session, actor=ROOT, at=at, name="P", time_zone="UTC", currency="USD")
            for number in range(2):
                tracker = NewTracker(device_uid=made.uid(number), relay_gateway=RelayGateway.TRACCAR_COMMAND)
                new = NewVehicle(vin=f"WVWZZZ1KZ8W{number:06d}", model="Golf", park_id=park, tracker=tracker)
                made.vehicle_ids.append(vehicles.register_vehicle(session, actor=ROOT, at=at, new=new))
        for number in range(2):
            unit = {"unit_id": 500 + number, "device_uid": made.uid(number)}
            httpx.post(f"{simulator.traccar_url}/sim/units", json=unit, trust_env=False).raise_for_status()
            made.report(number)
        workers.callback(lambda: [worker.kill() or worker.wait() for worker in made.workers])
        yield made


class TestALockByTraccar:
    def test_is_confirmed_by_the_relay_after_one_command(self, world: TraccarWorld) -> None:
        world.start_worker()
        lock = world.verdict(0, world.immobilize(0), within_s=20)
        assert lock.state is JobState.CONFIRMED, lock
        assert lock.evidence is not None
        assert (lock.evidence["relay_on"], lock.evidence["source"]) == (True, "traccar_command")
        assert world.told("units/500")["relay_on"] is True
        (command,) = world.commands()
        assert (command["type"], command["speed_kmh"]) == ("engineStop", 0.0)

    def test_fails_when_traccar_lies_or_queues_and_says_what_is_known(self, world: TraccarWorld) -> None:
        world.fault(unit_id=500, lie=True)
        world.fault(unit_id=501, queue=True)
        liar, queue = world.immobilize(0), world.immobilize(1)
        roads = {RelayGateway.TRACCAR_COMMAND: TraccarGateway(TraccarAccount(world.simulator.traccar_url, "simulated"))}
        Delivery(world.database.transaction, roads, clock.now, HURRIED, PLENTY, "worker").run_until_idle()
        lied, queued = world.job(0, liar), world.job(1, queue)
        assert (lied.state, queued.state) == (JobState.FAILED, JobState.FAILED)
        assert "may be locked or not" in (lied.verdict or "")
        assert "may be locked or not" in (queued.verdict or "")
        assert "queued engineStop although it was told not to" in queued.attempts[0]["answer"]
        assert len(queued.attempts) == 1
        assert len(world.told("commands")["queued"]) == 1
        assert world.told("units/500")["relay_on"] is False
