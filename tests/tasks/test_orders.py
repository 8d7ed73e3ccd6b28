"""Orders carried out by real workers against the simulated Wialon, which witnesses every command itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import audit, clock
from core.access import queries, service
from core.access.models import JobState
from core.config import AccessTiming
from core.db import Database
from core.errors import Conflict
from core.permissions import DEVICE, Actor
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles import service as vehicles
from core.vehicles.models import RelayGateway
from core.vehicles.schemas import NewTracker, NewVehicle
from infra.simulators.process import SimulatorProcess
from tests.conftest import ROOT
from tests.orders import order_lock

DEVICES = Actor("device", None, "devices", roles=frozenset({DEVICE}), parks=None)
TIMING = AccessTiming()


@dataclass
class World:
    """A product with units in the simulated Wialon, and its workers as real processes."""

    database: Database
    simulator: SimulatorProcess
    home: Path
    vehicle_ids: list[int]
    workers: list[subprocess.Popen[bytes]]

    @property
    def roads(self) -> dict[str, str]:
        return {"ERP_WIALON_URL": self.simulator.base_url, "ERP_WIALON_TOKEN": self.simulator.token}

    def uid(self, number: int) -> str:
        return f"8699{number:011d}"

    def report(self, number: int, *, speed_kmh: float = 0.0, ignition: bool = False) -> None:
        """What the vehicle's own tracker says now, and that it said the same half a minute ago."""
        at = clock.now()
        points = [
            Point(ts=at.fromtimestamp(at.timestamp() - ago, at.tzinfo), speed_kmh=speed_kmh, ignition=ignition)
            for ago in (30.0, 0.0)
        ]
        readings = [
            Reading(index=n, point=point, vehicle_id=self.vehicle_ids[number]) for n, point in enumerate(points)
        ]
        with self.database.transaction() as session:
            telemetry.ingest(session, actor=DEVICES, at=at, source="test", readings=readings)

    def immobilize(self, number: int) -> uuid.UUID:
        with self.database.transaction() as session:
            return order_lock(session, actor=ROOT, at=clock.now(), vehicle_id=self.vehicle_ids[number])

    def release(self, number: int) -> uuid.UUID:
        with self.database.transaction() as session:
            return service.release(
                session, actor=ROOT, at=clock.now(), vehicle_id=self.vehicle_ids[number], timing=TIMING
            )

    def job(self, number: int, job_id: uuid.UUID) -> queries.JobRecord:
        with self.database.reading() as reader:
            return queries.get_job(reader, viewer=ROOT, vehicle_id=self.vehicle_ids[number], job_id=job_id)

    def verdict(self, number: int, job_id: uuid.UUID, within_s: float = 16.0) -> queries.JobRecord:
        return self.wait(number, job_id, lambda job: not job.state.is_open, within_s)

    def wait(self, number: int, job_id: uuid.UUID, until: Any, within_s: float) -> queries.JobRecord:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            job = self.job(number, job_id)
            if until(job):
                return job
            time.sleep(0.1)
        raise AssertionError(f"after {within_s} s the order stands at {job.state}, waiting for {job.waiting_for}")

    def start_worker(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DATABASE_URL": self.database.dsn,
            "ERP_HOME": str(self.home),
            **self.roads,
            "ERP_ACCESS_LOCKS_PER_MIN": "1000",
            "ERP_ACCESS_LEAST_PER_HOUR": "1000",
        }
        worker = subprocess.Popen(
            [sys.executable, "-m", "portals.cli", "worker"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "worker.log").open("ab"),
        )
        self.workers.append(worker)
        return worker

    def commands(self) -> list[dict[str, Any]]:
        """Every command that reached a relay, as the simulated Wialon witnessed it."""
        answer = httpx.get(f"{self.simulator.base_url}/sim/commands", trust_env=False).json()
        return answer["commands"] if isinstance(answer, dict) else answer

    def fault(self, **fault: object) -> None:
        httpx.post(f"{self.simulator.base_url}/sim/faults", json=fault, trust_env=False).raise_for_status()


@pytest.fixture
def world(database: Database, at: datetime, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    size = getattr(request, "param", 1)
    with SimulatorProcess() as simulator, contextlib.ExitStack() as workers:
        made = World(database, simulator, tmp_path, [], [])
        with database.transaction() as session:
            park = vehicles.add_park(session, actor=ROOT, at=at, name="P", time_zone="UTC", currency="USD")
            for number in range(size):
                new = NewVehicle(
                    vin=f"WVWZZZ1KZ8W{number:06d}",
                    model="Golf",
                    park_id=park,
                    tracker=NewTracker(device_uid=made.uid(number), relay_gateway=RelayGateway.VIALON_RELAY),
                )
                made.vehicle_ids.append(vehicles.register_vehicle(session, actor=ROOT, at=at, new=new))
        for number in range(size):
            unit = {"unit_id": 500 + number, "device_uid": made.uid(number), "name": f"unit {number}"}
            httpx.post(
                f"{simulator.base_url}/sim/units",
                json={**unit, "moving": False, "connected": True},
                trust_env=False,
            ).raise_for_status()
        workers.callback(lambda: [worker.kill() or worker.wait() for worker in made.workers])
        yield made


class TestAnOrderToImmobilize:
    def test_is_confirmed_by_the_relay_itself(self, world: World) -> None:
        world.start_worker()
        world.report(0)
        job = world.verdict(0, world.immobilize(0), within_s=20)
        assert job.state is JobState.CONFIRMED, job
        assert job.evidence is not None
        assert job.evidence["relay_on"] is True
        assert len(world.commands()) == 1

    def test_waits_while_the_vehicle_moves_and_says_so(self, world: World) -> None:
        world.start_worker()
        world.report(0, speed_kmh=43.0, ignition=True)
        job_id = world.immobilize(0)
        job = world.wait(0, job_id, lambda job: "43 km/h" in (job.waiting_for or ""), within_s=10)
        assert job.state is JobState.ARMED
        time.sleep(2)
        assert world.commands() == []

    @pytest.mark.proof  # 14 s of waiting; the rules and the other roads tell the same in a hurry
    def test_fails_within_fifteen_seconds_when_the_platform_lies(self, world: World) -> None:
        world.fault(unit_id=500, lie=True)
        world.start_worker()
        world.report(0)
        job_id = world.immobilize(0)
        for _ in range(4):
            time.sleep(3)
            world.report(0)
        job = world.verdict(0, job_id, within_s=10)
        assert job.state is JobState.FAILED
        assert job.started_at is not None
        assert job.finished_at is not None
        assert (job.finished_at - job.started_at).total_seconds() <= 15
        assert len(job.attempts) == 3

    def test_whose_answer_was_lost_is_looked_up_before_anything_is_sent_again(self, world: World) -> None:
        world.fault(unit_id=500, die_after_accept=True)
        world.start_worker()
        world.report(0)
        job = world.verdict(0, world.immobilize(0), within_s=20)
        assert job.state is JobState.CONFIRMED
        assert len(world.commands()) == 1

    def test_tells_each_step_to_the_audit_table(self, world: World) -> None:
        world.start_worker()
        world.report(0)
        job_id = world.immobilize(0)
        world.verdict(0, job_id, within_s=20)
        with world.database.reading() as reader:
            entries = audit.list_entries(reader, viewer=ROOT, subject=("immobilization", job_id))
        assert [entry["action"] for entry in reversed(entries)] == [
            "access.immobilize_ordered",
            "access.immobilize_approved",
            "access.immobilize_armed",
            "access.immobilize_attempt_begun",
            "access.immobilize_attempt_answered",
            "access.immobilize_confirmed",
        ]

    def test_is_refused_while_another_is_open(self, world: World) -> None:
        world.immobilize(0)
        with pytest.raises(Conflict, match="already has an open order"):
            world.immobilize(0)


class TestARelease:
    def test_overtakes_an_order_that_still_waits(self, world: World) -> None:
        world.report(0, speed_kmh=50.0, ignition=True)
        lock = world.immobilize(0)
        release = world.release(0)
        assert world.job(0, lock).state is JobState.CANCELLED
        world.start_worker()
        assert world.verdict(0, release, within_s=20).state is JobState.CONFIRMED

    def test_frees_a_locked_vehicle(self, world: World) -> None:
        world.start_worker()
        world.report(0)
        world.verdict(0, world.immobilize(0), within_s=20)
        assert world.verdict(0, world.release(0), within_s=20).state is JobState.CONFIRMED
        unit = httpx.get(f"{world.simulator.base_url}/sim/units/500", trust_env=False).json()
        assert unit["relay_on"] is False

    def test_ordered_twice_is_one_release(self, world: World) -> None:
        assert world.release(0) == world.release(0)

    def test_of_a_vehicle_out_of_reach_is_not_given_up(self, world: World) -> None:
        world.fault(unit_id=500, offline=True)
        world.start_worker()
        release = world.release(0)
        world.wait(0, release, lambda job: len(job.attempts) >= 2, within_s=15)
        world.fault(unit_id=500, offline=False)
        assert world.verdict(0, release, within_s=20).state is JobState.CONFIRMED


@pytest.mark.parametrize("world", [20], indirect=True)
class TestAWorkerKilledInTheMiddleOfTwentyOrders:
    def test_loses_none_and_repeats_none_that_was_confirmed(self, world: World) -> None:
        for number in range(20):
            world.report(number)
        first = world.start_worker()
        jobs = {number: world.immobilize(number) for number in range(20)}
        deadline = time.monotonic() + 10
        while len(world.commands()) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
        world.start_worker()
        for number in range(20):
            world.report(number)
        verdicts = {number: world.verdict(number, job_id, within_s=30) for number, job_id in jobs.items()}
        assert Counter(job.state for job in verdicts.values()) == {JobState.CONFIRMED: 20}
        for job in verdicts.values():
            assert job.started_at is not None
            assert job.finished_at is not None
            assert (job.finished_at - job.started_at).total_seconds() <= 15
        per_unit = Counter(command["unit_id"] for command in world.commands())
        assert set(per_unit.values()) == {1}, per_unit
        assert len(per_unit) == 20


@pytest.mark.proof  # 14 s of waiting; tests/core/access/test_delivery.py has a gateway that hangs in a hurry
class TestAGatewayThatHangs:
    def test_holds_up_no_verdict(self, world: World) -> None:
        world.fault(unit_id=500, answer_delay_s=30)
        world.start_worker()
        world.report(0)
        job_id = world.immobilize(0)
        for _ in range(4):
            time.sleep(3)
            world.report(0)
        job = world.verdict(0, job_id, within_s=10)
        assert job.started_at is not None
        assert job.finished_at is not None
        assert (job.finished_at - job.started_at).total_seconds() <= 15
