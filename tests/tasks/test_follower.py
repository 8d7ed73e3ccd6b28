"""The follower as a process: killed at any moment, away from its database, stopped in order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from core import health
from core.config import Config
from core.db import Database
from tests.conftest import Fleet
from tests.core.events.test_following import World, make_stream, same, scattered

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
from tasks.follower import Process
from tests.core.events.detectors import KINDS
Process(KINDS, lambda reader: lambda park_id: None).run()
"""
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def world(database: Database, config: Config, fleet: Fleet, at: datetime) -> World:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE vehicles_vehicles SET status = 'available'"))
    return World(database, config, fleet, at, at)


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a follower process with the detectors of the tests."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one() -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": database_url, "ERP_HOME": str(tmp_path)},
            )
        )
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()


def wait_until(is_so: Callable[[], bool], *, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def count_behind(world: World) -> int:
    with world.database.reading() as reader:
        return int(
            reader.execute(
                sa.text(
                    "SELECT count(*) FROM telemetry_states s LEFT JOIN telemetry_heads h USING (vehicle_id) "
                    "WHERE s.stored_count > coalesce(h.point_count, 0)"
                )
            ).scalar_one()
        )


def count_writes(world: World) -> int:
    with world.database.reading() as reader:
        return int(reader.execute(sa.text("SELECT coalesce(sum(revision), 0) FROM telemetry_heads")).scalar_one())


def find_beat(world: World) -> dict[str, object] | None:
    with world.database.reading() as reader:
        beats = health.check(reader, at=world.at).beats
    return next((beat for beat in beats if beat["process"] == "follower"), None)


class TestAFollowerThatIsKilled:
    def test_leaves_nothing_out_and_says_nothing_twice(self, world: World, start: Start) -> None:
        chance = random.Random(4)
        points = make_stream(4, world.at, hours=5)
        process = start()
        wait_until(lambda: find_beat(world) is not None)
        for number, batch in enumerate(scattered(points, chance)):
            world.take_in(world.fleet.vehicle_id, batch)
            time.sleep(chance.random() * 0.1)
            if number % 6 == 5:
                process.send_signal(signal.SIGKILL)
                process.wait()
                was, process = count_writes(world), start()
                wait_until(lambda was=was: count_writes(world) > was or count_behind(world) == 0)
        world.take_in(world.fleet.other_vehicle_id, points)
        wait_until(lambda: count_behind(world) == 0)
        same(world)


class TestTheFollowerProcess:
    def test_takes_over_from_one_that_died_and_ends_in_order_when_told(self, world: World, start: Start) -> None:
        first = start()
        wait_until(lambda: find_beat(world) is not None)
        second = start()
        world.take_in(world.fleet.vehicle_id, make_stream(1, world.at, hours=1))
        wait_until(lambda: count_behind(world) == 0)
        first.send_signal(signal.SIGKILL)
        first.wait()
        world.take_in(world.fleet.other_vehicle_id, make_stream(1, world.at, hours=1))
        wait_until(lambda: count_behind(world) == 0)
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=20) == 0

    def test_goes_on_when_its_connections_are_cut(self, world: World, start: Start) -> None:
        start()
        wait_until(lambda: find_beat(world) is not None)
        with world.database.transaction() as session:
            session.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        wait_until(lambda: _takes_in(world))
        wait_until(lambda: count_behind(world) == 0)


def _takes_in(world: World) -> bool:
    """Whether our own connections, which were cut too, are there again."""
    try:
        world.take_in(world.fleet.vehicle_id, make_stream(1, world.at, hours=1))
    except sa.exc.OperationalError:
        return False
    return True
