"""Whatever is killed at whatever moment: every point that was acknowledged is there, once, and the counts add up."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
import psycopg
import pytest

from infra.postgres import Server, dsn_for
from tests.e2e.api import Api
from tests.e2e.product import Product, eventually
from tests.e2e.senders import Device, Integration, Sender

pytestmark = [pytest.mark.xdist_group("e2e")]

log = logging.getLogger(__name__)

WINDOWS = (1, 8, 25)
BATCHES = (1, 60)
BACK_WITHIN_S = 90.0


@pytest.fixture
def senders(product: Product, api: Api) -> Iterator[list[Sender]]:
    """Devices with windows of different sizes, and integrations with batches of different sizes, on the line."""
    numbers = f"{time.time_ns():x}"
    devices = [Device(product.device_port, f"E2E-W{size}-{numbers}", window=size) for size in WINDOWS]
    programs = [Integration(api, f"E2E-H{size}-{numbers}", batch=size) for size in BATCHES]
    everybody: list[Sender] = [*devices, *programs]
    for sender in everybody:
        api.register(sender.uid)
        sender.start()
    yield everybody
    for sender in everybody:
        sender.over.set()


class Killer:
    """Kills a part of the running product with SIGKILL; says what it killed."""

    def __init__(self, product: Product, chance: random.Random) -> None:
        self._product, self._chance = product, chance

    def kill(self, part: str) -> str:
        victim = {
            "gateway": lambda: self._product.program("erp gateway"),
            "web worker": lambda: self._one_of(self._product.program("gunicorn")),
            "database": self._postmaster,
            "database connection": lambda: self._one_of(self._postmaster(), "postgres: erp erp"),
        }[part]()
        if victim is None:  # what was killed a moment ago took it along
            return f"no {part}"
        words = _words(victim).rpartition(") ")[2] if part == "database connection" else ""
        with suppress(psutil.Error):
            victim.kill()
        return f"{part} {words}" if words else part

    def _one_of(self, parent: psutil.Process | None, words: str = "") -> psutil.Process | None:
        """A child of `parent`, one that is at work rather than one that waits."""
        children: list[psutil.Process] = []
        with suppress(psutil.Error):
            children = [child for child in parent.children() if words in _words(child)] if parent else []
        busy = [child for child in children if not _words(child).endswith(" idle")]
        return self._chance.choice(busy or children) if children else None

    def _postmaster(self) -> psutil.Process | None:
        lock = (self._product.home / "postgres" / "cluster").resolve() / "postmaster.pid"
        with suppress(OSError, psutil.Error):
            return psutil.Process(int(lock.read_text().split("\n", 1)[0]))
        return None


PARTS = ("gateway", "web worker", "database", "database connection")


class TestKilledAtAnyMoment:
    @pytest.mark.timeout(300)
    def test_every_acknowledged_point_is_there_once(self, product: Product, senders: list[Sender]) -> None:
        _prove(product, senders, [("gateway", "web worker"), ("database",)], random.Random(3))

    @pytest.mark.proof
    @pytest.mark.timeout(3600)
    @pytest.mark.parametrize("seed", range(4))
    def test_every_acknowledged_point_is_there_once_in_many_rounds(
        self, product: Product, senders: list[Sender], seed: int
    ) -> None:
        chance = random.Random(seed)
        alone = [(part,) for part in PARTS for _ in range(2)]
        together = [tuple(chance.sample(PARTS, count)) for count in (2, 2, 3, 4)]
        _prove(product, senders, chance.sample(alone + together, 12), chance)


def _prove(product: Product, senders: list[Sender], rounds: list[tuple[str, ...]], chance: random.Random) -> None:
    killer = Killer(product, chance)
    for parts in rounds:
        _await_progress(senders, 20)
        time.sleep(chance.uniform(0, 0.5))
        began = time.monotonic()
        said = [killer.kill(part) for part in parts]
        _await_progress(senders, 3)
        log.info("killed %s; everybody went on after %.1f s", ", ".join(said), time.monotonic() - began)
    for sender in senders:
        sender.stop()
    for sender in senders:
        _check(product, sender)


def _await_progress(senders: list[Sender], count: int) -> None:
    seen = [len(sender.acknowledged) for sender in senders]

    def all_went_on() -> bool:
        return all(len(sender.acknowledged) >= had + count for sender, had in zip(senders, seen, strict=True))

    def lagging() -> object:
        return {sender.uid: len(sender.acknowledged) - had for sender, had in zip(senders, seen, strict=True)}

    eventually(all_went_on, within_s=BACK_WITHIN_S, saying=lagging)


_COUNTS = """
    SELECT s.received_count, s.stored_count, s.duplicate_count, s.refused_count
    FROM telemetry_states s JOIN vehicles_trackers t ON t.vehicle_id = s.vehicle_id WHERE t.device_uid = %s
"""
_MOMENTS = """
    SELECT extract(epoch FROM p.ts)::bigint
    FROM telemetry_points p JOIN vehicles_trackers t ON t.vehicle_id = p.vehicle_id WHERE t.device_uid = %s
"""


def _check(product: Product, sender: Sender) -> None:
    dsn = dsn_for(Server(product.home / "postgres", product.port + 3))
    with psycopg.connect(dsn) as connection:
        moments = [moment for (moment,) in connection.execute(_MOMENTS, [sender.uid])]
        received, stored, duplicates, refused = connection.execute(_COUNTS, [sender.uid]).fetchone()
    assert sender.acknowledged - set(moments) == set(), "an acknowledged point is lost"
    assert len(moments) == len(set(moments)) == stored, "a point is there twice, or counted wrongly"
    assert set(moments) <= set(range(sender.began, sender.sent)), "a point is there that was never sent"
    assert (refused, received) == (0, stored + duplicates)
    log.info("%s: %d acknowledged, %d stored, %d sent again", sender.uid, len(sender.acknowledged), stored, duplicates)


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline()).strip()
    return ""
