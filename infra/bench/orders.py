"""How long an order takes until the vehicle itself has confirmed it, on each road; and two hundred orders at once.

    .venv/bin/python -m infra.bench.orders [--orders 500] [--roads vialon_relay traccar_command teltonika_codec12]

Worker, scheduler and device gateway as processes over a database of their own, the simulators beside them on the same
processors. Vehicles stand and report. A lock counts from its approval, a release from its order; both until the
verdict stands in the database. The yardstick is the bare road: the same command given by the same code without the
product around it, until the relay is read back. Afterwards the limits of a fleet of 500: two hundred locks ordered as
fast as they are taken, and releases of other vehicles meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from core import clock
from core.access import service
from core.access.gateway import Command, Relay, open_roads
from core.access.gateway import RelayGateway as Road
from core.access.schemas import ImmobilizationOrder, OrderKind, Reason
from core.config import AccessLimits, AccessTiming
from core.db import Database
from core.errors import Conflict
from core.permissions import ADMIN, DEVICE, Actor
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles.schemas import RelayGateway
from infra.bench.result import record, spread
from infra.bench.stand import Stand, standing
from infra.errors import CannotStart
from infra.simulators.process import SimulatorProcess

FIRST = Actor("user", 2**40, "First", roles=frozenset({ADMIN}), parks=None)
SECOND = Actor("user", 2**40 + 1, "Second", roles=frozenset({ADMIN}), parks=None)
DEVICES = Actor("device", None, "bench", roles=frozenset({DEVICE}), parks=None)
TIMING = AccessTiming()
OPEN_LIMITS = {
    "ERP_ACCESS_LOCKS_PER_MIN": "100000",
    "ERP_ACCESS_LEAST_PER_HOUR": "100000",
    "ERP_ACCESS_BREAKER_ORDERS_PER_MIN": "100000",
    "ERP_ACCESS_BREAKER_DOUBTS": "100000",
}
GOAL_P95_S, GOAL_P99_S, GOAL_VERDICT_S, GOAL_RELEASE_S = 5.0, 15.0, 15.0, 4.0
CARS, APART_S, BARE = 20, 0.2, 20
FLEET, AT_ONCE, RELEASED = 500, 200, 20
UNIT = 500
_VERDICTS = """
    SELECT kind, state, extract(epoch FROM finished_at - armed_at)::float8,
           extract(epoch FROM finished_at - started_at)::float8
    FROM access_jobs WHERE id = ANY(%s)
"""
_LEFT = "SELECT count(*) FROM access_jobs WHERE started_at IS NOT NULL AND kind = 'immobilize'"
_OPEN = "SELECT count(*) FROM access_jobs WHERE finished_at IS NULL AND id = ANY(%s)"


@dataclass
class Site:
    """The product being measured, and the simulated world around it."""

    stand: Stand
    database: Database
    simulator: SimulatorProcess
    road: RelayGateway

    @property
    def control(self) -> str:
        """Where the simulator of this road is told what to do."""
        urls = {
            RelayGateway.VIALON_RELAY: self.simulator.base_url,
            RelayGateway.TRACCAR_COMMAND: self.simulator.traccar_url,
            RelayGateway.TELTONIKA_CODEC12: self.simulator.teltonika_url,
        }
        return urls[self.road]

    def add_units(self) -> None:
        """Let the simulator have a unit for each vehicle, standing and within reach."""
        with httpx.Client(trust_env=False) as http:
            for number, device_uid in enumerate(self.stand.device_uids):
                unit = {"unit_id": UNIT + number, "device_uid": device_uid}
                http.post(f"{self.control}/sim/units", json=unit).raise_for_status()

    def report(self) -> None:
        """Every vehicle says that it stands with its engine off, and that it did half a minute ago."""
        at = clock.now()
        points = [Point(ts=at - timedelta(seconds=ago), speed_kmh=0.0, ignition=False) for ago in (30.0, 0.0)]
        readings = [
            Reading(index=2 * n + k, point=point, vehicle_id=vehicle_id)
            for n, vehicle_id in enumerate(self.stand.vehicle_ids)
            for k, point in enumerate(points)
        ]
        with self.database.transaction() as session:
            telemetry.ingest(session, actor=DEVICES, at=at, source="bench", readings=readings)

    def lock(self, vehicle_id: int, *, limits: AccessLimits) -> uuid.UUID:
        """Order and approve a lock."""
        with self.database.transaction() as session:
            job_id = service.immobilize(
                session,
                actor=FIRST,
                at=clock.now(),
                vehicle_id=vehicle_id,
                order=ImmobilizationOrder(reason=Reason.SAFETY_LOCKDOWN),
                timing=TIMING,
                limits=limits,
            )
        with self.database.transaction() as session:
            service.approve(session, actor=SECOND, at=clock.now(), vehicle_id=vehicle_id, job_id=job_id, timing=TIMING)
        return job_id

    def release(self, vehicle_id: int) -> uuid.UUID:
        """Order a release."""
        with self.database.transaction() as session:
            return service.release(session, actor=FIRST, at=clock.now(), vehicle_id=vehicle_id, timing=TIMING)

    def wait(self, jobs: Sequence[uuid.UUID], within_s: float) -> None:
        """Until all of them have a verdict. Raises CannotStart when they have not in time."""
        deadline = time.monotonic() + within_s
        with self.stand.connect() as connection:
            while (connection.execute(_OPEN, (list(jobs),)).fetchone() or (0,))[0]:
                if time.monotonic() > deadline:
                    raise CannotStart(f"not all of {len(jobs)} orders had a verdict after {within_s:.0f} s")
                time.sleep(0.1)

    def verdicts(self, jobs: Sequence[uuid.UUID]) -> dict[str, Any]:
        """What became of them, and how long it took."""
        with self.stand.connect() as connection:
            rows = connection.execute(_VERDICTS, (list(jobs),)).fetchall()
        found: dict[str, Any] = {"states": dict(Counter(f"{row[0]} {row[1]}" for row in rows))}
        for kind in ("immobilize", "release"):
            took = [float(str(row[2])) for row in rows if row[0] == kind and row[1] == "confirmed"]
            found[f"{kind}_s"] = spread(took, digits=2)
        sent = [float(str(row[3])) for row in rows if row[0] == "immobilize" and row[3] is not None]
        found["longest_from_first_command_s"] = round(max(sent, default=0.0), 2)
        return found


def main() -> None:
    """Measure each road, then the limits; exit status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--roads", nargs="*", default=[road.value for road in RelayGateway])
    parser.add_argument("--no-burst", action="store_true")
    asked = parser.parse_args()
    try:
        held = [_measure_road(RelayGateway(road), asked.orders) for road in asked.roads]
        if not asked.no_burst:
            held.append(_measure_burst())
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    sys.exit(0 if all(held) else 1)


def _measure_road(road: RelayGateway, orders: int) -> bool:
    with _site(road, CARS, OPEN_LIMITS) as site:
        bare = _measure_bare(site)
        limits = AccessLimits(10**6, 100, 10**6, 10**6, 10**6)
        jobs: list[uuid.UUID] = []
        while len(jobs) < 2 * orders:
            for order in (lambda v: site.lock(v, limits=limits), site.release):
                jobs.extend(_give(site, order))
        found = site.verdicts(jobs)
    record("orders", {"road": road.value, "bare_s": spread(bare, digits=2), **found})
    took = found["immobilize_s"]
    is_all = found["states"] == {"immobilize confirmed": len(jobs) // 2, "release confirmed": len(jobs) // 2}
    is_in_time = found["longest_from_first_command_s"] <= GOAL_VERDICT_S
    return bool(is_all and is_in_time and took["p95"] <= GOAL_P95_S and took["p99"] <= GOAL_P99_S)


def _give(site: Site, order: Callable[[int], uuid.UUID]) -> list[uuid.UUID]:
    jobs = []
    for vehicle_id in site.stand.vehicle_ids:
        jobs.append(order(vehicle_id))
        time.sleep(APART_S)
    site.wait(jobs, within_s=90.0)
    return jobs


def _measure_bare(site: Site) -> list[float]:
    """Seconds from a command to its relay read back, by the road alone."""
    road = open_roads(site.stand.config, site.database)[site.road]
    kinds = [OrderKind.IMMOBILIZE, OrderKind.RELEASE] * (BARE // 2)
    return [_give_bare(road, site.stand.device_uids[0], kind) for kind in kinds]


def _give_bare(road: Road, device_uid: str, kind: OrderKind) -> float:
    relay = Relay(device_uid, output=1, inverted=False)
    began = time.monotonic()
    road.send(Command(uuid.uuid4(), 1, kind, relay, clock.now(), TIMING.command_ttl_s))
    while time.monotonic() < began + TIMING.verdict_by_s:
        outputs = road.read_outputs([relay]).get(relay.device_uid)
        if outputs is not None and bool(outputs.mask & 1) is (kind is OrderKind.IMMOBILIZE):
            break
        time.sleep(0.05)
    return time.monotonic() - began


def _measure_burst() -> bool:
    """Two hundred locks at once against the limits as they are, and releases of other vehicles meanwhile."""
    limits = AccessLimits()
    with _site(RelayGateway.VIALON_RELAY, FLEET, {}) as site:
        lockable, released = site.stand.vehicle_ids[:AT_ONCE], site.stand.vehicle_ids[-RELEASED:]
        road = open_roads(site.stand.config, site.database)[site.road]
        for device_uid in site.stand.device_uids[-RELEASED:]:
            _give_bare(road, device_uid, OrderKind.IMMOBILIZE)
        answers: Counter[str] = Counter()

        def order(vehicle_id: int) -> uuid.UUID | None:
            try:
                job_id = site.lock(vehicle_id, limits=limits)
            except Conflict:
                answers["refused"] += 1
                return None
            answers["accepted"] += 1
            return job_id

        began = time.monotonic()
        with ThreadPoolExecutor(8) as hands:
            ordering = [hands.submit(order, vehicle_id) for vehicle_id in lockable]
            releases = [site.release(vehicle_id) for vehicle_id in released]
            jobs = [job_id for future in ordering if (job_id := future.result()) is not None]
        site.wait(releases, within_s=60.0)
        time.sleep(max(0.0, 65.0 - (time.monotonic() - began)))
        found = site.verdicts(releases)
        with site.stand.connect() as connection:
            sent = connection.execute(
                "SELECT count(*) FROM access_jobs WHERE started_at IS NOT NULL AND kind = 'immobilize'"
            )
            brakes = connection.execute("SELECT kind, why FROM access_brakes WHERE lifted_at IS NULL").fetchall()
            left = int(str((sent.fetchone() or (0,))[0]))
    found |= {"locks_ordered": AT_ONCE, **answers, "locks_sent": left, "brakes": [list(map(str, b)) for b in brakes]}
    record("orders_at_once", found)
    is_held = left <= limits.locks_per_min and bool(brakes) and len(jobs) <= limits.breaker_orders_per_min + 8
    return bool(is_held and found["release_s"]["max"] <= GOAL_RELEASE_S)


@contextmanager
def _site(road: RelayGateway, vehicle_count: int, environment: dict[str, str]) -> Iterator[Site]:
    os.environ.update(environment)
    try:
        with standing("worker", "scheduler", "gateway", vehicle_count=vehicle_count) as stand:
            config = stand.config
            with stand.connect() as connection:
                connection.execute("UPDATE vehicles_trackers SET relay_gateway = %s", (road.value,))
            database = Database(stand.dsn)
            with SimulatorProcess(
                port=config.simulator_port,
                traccar_port=config.port + 5,
                teltonika_port=config.port + 6,
                teltonika=("127.0.0.1", config.teltonika_port),
            ) as simulator:
                site = Site(stand, database, simulator, road)
                site.add_units()
                with _reporting(site):
                    yield site
            database.close()
    finally:
        for name in environment:
            os.environ.pop(name, None)


@contextmanager
def _reporting(site: Site) -> Iterator[None]:
    """All vehicles report every three seconds; begun before anything is measured."""
    done = threading.Event()
    site.report()

    def report() -> None:
        while not done.wait(3.0):
            site.report()

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        time.sleep(2.0)
        yield
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    main()
