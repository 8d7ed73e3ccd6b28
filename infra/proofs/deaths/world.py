"""A small world that can be broken: a durable database, the simulated Wialon, vehicles that stand and report."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg

from core import clock, keyring
from core.access import queries
from core.access.queries import JobRecord
from core.config import Retention
from core.db import AWAY, Database
from core.permissions import DEVICE, Actor
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles import service as vehicles
from core.vehicles.schemas import NewTracker, NewVehicle, RelayGateway
from infra.migrate import migrate
from infra.postgres import Server
from infra.proofs.deaths.program import FIRST, Plan
from infra.simulators.process import SimulatorProcess
from tasks.storage import keep_storage

DEVICES = Actor("device", None, "devices", roles=frozenset({DEVICE}), parks=None)
REPORT_EVERY_S = 1.0
FIRST_UNIT = 500


@dataclass
class World:
    """What an order needs around it. `vehicle_ids` in the order of their units."""

    folder: Path
    server: Server
    database: Database
    simulator_port: int
    vehicle_ids: list[int] = field(default_factory=list)
    simulator: SimulatorProcess | None = None
    standing: int | None = None

    def device_uid(self, number: int) -> str:
        """How the device of vehicle `number` names itself."""
        return f"8699{number:011d}"

    def start_simulator(self) -> None:
        """The simulated Wialon, without units."""
        self.simulator = SimulatorProcess(port=self.simulator_port).__enter__()

    def add_unit(self, number: int) -> None:
        """Let the simulated Wialon have the unit of this vehicle, standing and within reach."""
        assert self.simulator is not None
        unit = {"unit_id": FIRST_UNIT + number, "device_uid": self.device_uid(number), "moving": False}
        httpx.post(f"{self.simulator.base_url}/sim/units", json=unit, trust_env=False).raise_for_status()

    def stop_simulator(self) -> None:
        """Stop it, or clear away after its death."""
        if self.simulator is not None:
            self.simulator.__exit__(None, None, None)
            self.simulator = None

    def commands_to(self, number: int) -> list[dict[str, Any]]:
        """Every command that reached the relay of this vehicle, as the simulated Wialon witnessed it."""
        assert self.simulator is not None
        told = httpx.get(f"{self.simulator.base_url}/sim/commands", trust_env=False).json()
        return [command for command in told["commands"] if command["unit_id"] == FIRST_UNIT + number]

    def start(self, what: str, plan: Plan) -> subprocess.Popen[bytes]:
        """The program that gives the order, or carries orders out."""
        path = self.folder / f"{what}-{uuid.uuid4().hex}.json"
        path.write_bytes(msgspec.json.encode(plan))
        environment = {
            **os.environ,
            "DATABASE_URL": self.database.dsn,
            "ERP_HOME": str(self.folder),
            "ERP_WIALON_URL": f"http://127.0.0.1:{self.simulator_port}",
            "ERP_WIALON_TOKEN": "simulated",
            # Many more locks than any office orders; what is proved here is not the limits.
            "ERP_ACCESS_LOCKS_PER_MIN": "100000",
            "ERP_ACCESS_LEAST_PER_HOUR": "100000",
            "ERP_ACCESS_BREAKER_ORDERS_PER_MIN": "100000",
            "ERP_ACCESS_BREAKER_DOUBTS": "100000",
        }
        with (self.folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "infra.proofs.deaths.program", what, str(path)],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def jobs_of(self, number: int) -> list[JobRecord]:
        """The orders of this vehicle, newest first, with their attempts."""
        vehicle_id = self.vehicle_ids[number]
        with self.database.reading() as reader:
            jobs = queries.list_jobs(reader, viewer=FIRST, vehicle_id=vehicle_id)
            return [queries.get_job(reader, viewer=FIRST, vehicle_id=vehicle_id, job_id=job.id) for job in jobs]

    def wait_for_verdicts(self, number: int, within_s: float) -> list[JobRecord]:
        """The orders of this vehicle as soon as none is open. Raises TimeoutError with what is waited for."""
        deadline = time.monotonic() + within_s
        jobs: list[JobRecord] = []
        while time.monotonic() < deadline:
            try:
                jobs = self.jobs_of(number)
            except AWAY:
                time.sleep(0.2)
                continue
            if all(not job.state.is_open for job in jobs):
                return jobs
            time.sleep(0.1)
        raise TimeoutError(f"{[(job.kind.value, job.state.value, job.waiting_for) for job in jobs]}")

    def report(self) -> None:
        """The vehicle in question says that it stands, engine off; and that it did half a minute ago."""
        number = self.standing
        if number is None:
            return
        at = clock.now()
        points = [Point(ts=at - timedelta(seconds=ago), speed_kmh=0.0, ignition=False) for ago in (30.0, 0.0)]
        readings = [Reading(index=n, point=p, vehicle_id=self.vehicle_ids[number]) for n, p in enumerate(points)]
        with self.database.transaction() as session:
            telemetry.ingest(session, actor=DEVICES, at=at, source="proof", readings=readings)


@contextmanager
def small_world(vehicle_count: int) -> Iterator[World]:
    """Make it, and clear it away. From the main thread: the database ends with the thread that started it."""
    # Of this program and of those it starts, which open the same database.
    os.environ.setdefault("ERP_MASTER_KEYS", keyring.draw_keys())
    folder = Path(tempfile.mkdtemp(prefix="erp-deaths-"))
    folder.chmod(0o755)
    server = Server(folder / "postgres", _free_port())
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        cleanup.callback(server.stop)
        dsn = server.start()
        migrate(dsn)
        database = Database(dsn)
        cleanup.callback(database.close)
        world = World(folder, server, database, _free_port())
        _register(world, vehicle_count)
        cleanup.callback(world.stop_simulator)
        world.start_simulator()
        cleanup.enter_context(_reporting(world))
        yield world


def _register(world: World, vehicle_count: int) -> None:
    at = clock.now()
    keep_storage(world.database, at=at, retention=Retention())
    with world.database.transaction() as session:
        park = vehicles.add_park(session, actor=FIRST, at=at, name="Proof", time_zone="UTC", currency="USD")
        for number in range(vehicle_count):
            tracker = NewTracker(device_uid=world.device_uid(number), relay_gateway=RelayGateway.VIALON_RELAY)
            new = NewVehicle(vin=f"WVWZZZ1KZ8W{number:06d}", model="Golf", park_id=park, tracker=tracker)
            world.vehicle_ids.append(vehicles.register_vehicle(session, actor=FIRST, at=at, new=new))


@contextmanager
def _reporting(world: World) -> Iterator[None]:
    done = threading.Event()

    def report() -> None:
        while not done.wait(REPORT_EVERY_S):
            try:
                world.report()
            except (*AWAY, psycopg.Error):
                continue  # a tracker tries again as well

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
