"""Workers that are killed at any line: everything arrives, in order for each subject, and is written down once."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest

from core.db import Database
from core.webhooks.models import MessageState
from tests.conftest import Fleet
from tests.core.webhooks.receiver import Got, Receiver, receiving
from tests.core.webhooks.world import World

STATUS = "vehicles.status_changed"
SPEED = 30.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def world(database: Database, receiver: Receiver, fleet: Fleet) -> World:
    return World(database, receiver, fleet)


class TestWorkersThatAreKilled:
    def test_lose_nothing_and_mix_nothing_up(self, world: World, database_url: str) -> None:
        _kill_and_check(world, database_url, kills=1, messages=24)

    @pytest.mark.proof
    @pytest.mark.timeout(600)
    def test_lose_nothing_in_many_rounds(self, world: World, database_url: str) -> None:
        _kill_and_check(world, database_url, kills=40, messages=1500)


def _kill_and_check(world: World, dsn: str, *, kills: int, messages: int) -> None:
    endpoint_id = world.add_endpoint().endpoint_id
    world.receiver.answer = lambda got: 503 if _is_first(world, got) and random.random() < 0.1 else 204
    began = world.now().isoformat()
    names = itertools.count(1)

    def start() -> subprocess.Popen[bytes]:
        argv = [dsn, world.receiver.allowed, began, str(SPEED), f"hands-{next(names)}"]
        return subprocess.Popen([sys.executable, "-m", "tests.core.webhooks.hands", *argv])

    for number in range(messages):
        vehicle_id = (world.fleet.vehicle_id, world.fleet.other_vehicle_id)[number % 2]
        world.publish(STATUS, vehicle_id=vehicle_id, number=number)
    workers = [start(), start()]
    try:
        for killed in range(kills):
            _wait(lambda killed=killed: len(world.receiver.answered) > (killed + 1) * messages // (kills + 2))
            time.sleep(random.uniform(0, 0.05))
            victim = workers.pop(0)
            victim.kill()
            victim.wait()
            workers.append(start())
        _wait(lambda: len({got.id for got in world.receiver.taken()}) == messages)
        _wait(lambda: world.endpoint(endpoint_id).waiting == 0)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    first_seen: dict[str, int] = {}
    for got in world.receiver.taken():
        first_seen.setdefault(got.id, got.data["number"])
    order: defaultdict[int, list[int]] = defaultdict(list)
    for number in first_seen.values():
        order[number % 2].append(number)
    assert order == {0: list(range(0, messages, 2)), 1: list(range(1, messages, 2))}
    states = [message.state for message in world.messages()]
    assert states == [MessageState.DELIVERED] * messages
    sent_again = len(world.receiver.taken()) - messages
    assert sent_again <= kills * 2, "what was written down is never sent again"


def _is_first(world: World, got: Got) -> bool:
    return sum(each.id == got.id for each in world.receiver.got) == 1


def _wait(done: object, seconds: float = 90.0) -> None:
    ends = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < ends, "it did not come to it"
        time.sleep(0.02)
