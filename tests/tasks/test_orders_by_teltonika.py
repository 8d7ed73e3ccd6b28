"""Orders carried out by a real worker and a real device gateway, on simulated Teltonika trackers that witness all."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import clock
from core.access.delivery import Delivery
from core.access.gateway.teltonika import TeltonikaGateway
from core.access.models import JobState
from core.config import AccessTiming
from core.db import Database
from core.vehicles import service as vehicles
from core.vehicles.models import RelayGateway
from core.vehicles.schemas import NewTracker, NewVehicle
from infra.simulators.process import SimulatorProcess
from tests.conftest import ROOT
from tests.infra.free_ports import free_ports
from tests.orders import PLENTY
from tests.tasks.test_orders import World


@dataclass
class TeltonikaWorld(World):
    """The same product, with trackers that are connected to its own gateway."""

    port: int

    @property
    def roads(self) -> dict[str, str]:
        return {"ERP_PORT": str(self.port), "ERP_WIALON_URL": ""}

    def start_gateway(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "DATABASE_URL": self.database.dsn, "ERP_HOME": str(self.home), **self.roads}
        gateway = subprocess.Popen(
            [sys.executable, "-m", "portals.cli", "gateway"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "gateway.log").open("ab"),
        )
        self.workers.append(gateway)
        return gateway

    def all_report(self) -> bool:
        """Whether every tracker has told where it is."""
        with self.database.reading() as reader:
            states = reader.exec_driver_sql("SELECT count(*) FROM telemetry_states WHERE lat IS NOT NULL").scalar()
        return states == len(self.vehicle_ids)

    def told(self, what: str) -> Any:
        return httpx.get(f"{self.simulator.teltonika_url}/sim/{what}", trust_env=False).json()

    def commands(self) -> list[dict[str, Any]]:
        commands: list[dict[str, Any]] = self.told("commands")["commands"]
        return commands

    def fault(self, number: int, **fault: object) -> None:
        body = {"unit_id": 700 + number, **fault}
        url = f"{self.simulator.teltonika_url}/sim/faults"
        httpx.post(url, json=body, trust_env=False).raise_for_status()


@pytest.fixture
def world(database: Database, at: datetime, tmp_path: Path) -> Iterator[TeltonikaWorld]:
    port = free_ports(5)
    with SimulatorProcess(teltonika=("127.0.0.1", port + 4)) as simulator, contextlib.ExitStack() as workers:
        made = TeltonikaWorld(database, simulator, tmp_path, [], [], port)
        with database.transaction() as session:
            park = vehicles.add_park(session, actor=ROOT, at=at, name="P", time_zone="UTC", currency="USD")
            for number in range(4):
                tracker = NewTracker(device_uid=made.uid(number), relay_gateway=RelayGateway.TELTONIKA_CODEC12)
                new = NewVehicle(vin=f"WVWZZZ1KZ8W{number:06d}", model="Golf", park_id=park, tracker=tracker)
                made.vehicle_ids.append(vehicles.register_vehicle(session, actor=ROOT, at=at, new=new))
        workers.callback(lambda: [worker.kill() or worker.wait() for worker in made.workers])
        made.start_gateway()
        eventually(lambda: listens(port + 4))
        for number in range(4):
            unit = {"unit_id": 700 + number, "device_uid": made.uid(number)}
            httpx.post(f"{simulator.teltonika_url}/sim/units", json=unit, trust_env=False).raise_for_status()
            made.report(number)
        eventually(made.all_report)
        yield made


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def eventually(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def carry_out_in_a_hurry(world: TeltonikaWorld) -> None:
    """One command for each open order, and two seconds until its verdict."""
    hurried = AccessTiming(attempt_at_s=(0.0,), command_ttl_s=1, verdict_by_s=2.0)
    roads = {RelayGateway.TELTONIKA_CODEC12: TeltonikaGateway(world.database)}
    Delivery(world.database.transaction, roads, clock.now, hurried, PLENTY, "worker").run_until_idle()


class TestALockByTeltonika:
    def test_is_proved_by_the_relay_found_out_when_it_is_a_lie_and_forgotten_when_it_is_queued(
        self, world: TeltonikaWorld
    ) -> None:
        world.fault(1, lie=True)
        world.fault(2, queue=True)
        world.fault(3, double=True)
        ordered = {number: world.immobilize(number) for number in (1, 2, 3)}
        carry_out_in_a_hurry(world)
        lied, queued, doubled = (world.job(number, order) for number, order in ordered.items())
        assert lied.state is JobState.FAILED
        assert "may be locked or not" in (lied.verdict or "")
        assert world.told("units/701")["relay_on"] is False
        assert queued.state is JobState.FAILED
        assert "It is not locked" in (queued.verdict or ""), queued
        assert "taken back at once" in queued.attempts[0]["answer"]
        assert world.told("commands")["queued"] == []
        assert world.told("units/702")["relay_on"] is False
        assert doubled.state is JobState.CONFIRMED, doubled

        world.start_worker()
        lock = world.verdict(0, world.immobilize(0), within_s=30)
        assert lock.state is JobState.CONFIRMED, lock
        assert lock.evidence is not None
        assert (lock.evidence["relay_on"], world.told("units/700")["relay_on"]) == (True, True)
        locks = [each for each in world.commands() if each["on"]]
        assert {(each["text"], each["speed_kmh"]) for each in locks} == {("setdigout 1 ? 5", 0.0)}
        release = world.verdict(0, world.release(0), within_s=20)
        assert release.state is JobState.CONFIRMED, release
        assert world.told("units/700")["relay_on"] is False


@pytest.mark.proof
class TestAGatewayThatIsKilled:
    def test_leaves_no_lock_behind_that_could_fire_late(self, world: TeltonikaWorld) -> None:
        world.start_worker()
        world.fault(0, delay_s=2.0, die_after=True)
        order = world.immobilize(0)
        world.wait(0, order, lambda job: bool(job.attempts), within_s=20)
        world.workers[0].send_signal(signal.SIGKILL)
        world.fault(0)
        world.start_gateway()
        lock = world.verdict(0, order, within_s=30)
        heard = [each for each in world.told("commands")["heard"] if each["text"].startswith("setdigout 1")]
        assert lock.state in {JobState.CONFIRMED, JobState.FAILED}
        assert world.told("units/700")["relay_on"] is (lock.state is JobState.CONFIRMED)
        assert len(heard) <= len(lock.attempts)
