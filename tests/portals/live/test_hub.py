"""The hub between the stream of facts and its boards: nothing missed, nothing twice, whatever breaks off."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
import sqlalchemy as sa

from core import clock, outbox
from core.db import Database
from core.outbox import Offset
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles import service as vehicles
from core.vehicles.schemas import NewVehicle
from portals.fleet_rows import FleetRows
from portals.live import hub as hub_module
from portals.live.client import Client
from portals.live.hub import Hub
from portals.live.table import Sight
from tests.conftest import ROOT, Fleet
from tests.core.telemetry.test_ingest import DEVICES
from tests.portals.live.browser import Browser

SIGHTS: tuple[Sight, ...] = (None, frozenset({1}), frozenset({2}))
VEHICLES = 12
STEPS = 60


@pytest.fixture
def vehicle_ids(database: Database, fleet: Fleet, at: datetime) -> list[int]:
    """A dozen vehicles in two parks."""
    with database.transaction() as session:
        more = [
            vehicles.register_vehicle(
                session, actor=ROOT, at=at, new=NewVehicle(vin=f"ZZZRP00000000000{n}", model="Vue", park_id=1 + n % 2)
            )
            for n in range(VEHICLES - 2)
        ]
    return [fleet.vehicle_id, fleet.other_vehicle_id, *more]


@pytest.fixture
def hub(database: Database) -> Iterator[Hub]:
    """The hub of a process."""
    opened = Hub(database)
    yield opened
    for client in list(opened._clients):
        opened.leave(client)


def report(database: Database, vehicle_ids: list[int], at: datetime, speed_kmh: float, *, open_s: float = 0.0) -> None:
    """A batch of reports, in a transaction that stays open for a while after it wrote."""
    points = [Point(ts=at, lat=37.77, lon=-122.41, speed_kmh=speed_kmh) for _ in vehicle_ids]
    readings = [
        Reading(index=n, vehicle_id=v, point=p) for n, (v, p) in enumerate(zip(vehicle_ids, points, strict=True))
    ]
    with database.transaction() as session:
        telemetry.ingest(session, actor=DEVICES, at=clock.now(), source="test", readings=readings)
        time.sleep(open_s)


def publish(database: Database, name: str, **ids: Any) -> None:
    with database.transaction() as session:
        outbox.publish(session, name, at=clock.now(), **ids)


_MOVE = sa.text("UPDATE vehicles_vehicles SET park_id = :park WHERE id = :id")


def move(database: Database, vehicle_id: int, park_id: int) -> None:
    """To another park, with a fact about it."""
    with database.transaction() as session:
        session.execute(_MOVE, {"park": park_id, "id": vehicle_id})
        outbox.publish(session, "vehicles.park_changed", at=clock.now(), vehicle_id=vehicle_id)


def hear(client: Client, within_s: float = 5.0) -> dict[str, Any]:
    message = client.take(within_s)
    assert message is not None, "nothing was said"
    return orjson.loads(message.text)  # type: ignore[no-any-return]


class TestABoardThatJoins:
    def test_is_told_of_a_change_by_the_members_that_changed(
        self, hub: Hub, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        report(database, [fleet.vehicle_id], at - timedelta(seconds=5), 30.0)
        client = hub.join(None, epoch="", offset="")
        assert hear(client)["type"] == "snapshot"
        report(database, [fleet.vehicle_id], at, 31.0)
        (row,) = hear(client)["vehicles"]
        assert row.keys() == {"vehicle_id", "ts", "received_at", "speed_kmh"}

    def test_hears_nothing_of_a_point_that_came_late(
        self, hub: Hub, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        report(database, [fleet.vehicle_id], at, 30.0)
        client = hub.join(None, epoch="", offset="")
        hear(client)
        report(database, [fleet.vehicle_id], at - timedelta(seconds=60), 90.0)
        assert client.take(1.0) is None

    def test_is_told_when_a_vehicle_leaves_its_sight(self, hub: Hub, database: Database, fleet: Fleet) -> None:
        clients = [hub.join(sight, epoch="", offset="") for sight in SIGHTS]
        for client in clients:
            hear(client)
        move(database, fleet.vehicle_id, 2)
        everything, old, new = (hear(client) for client in clients)
        assert [row["park"] for row in everything["vehicles"]] == ["Mission"]
        assert (old["vehicles"], old["gone"]) == ([], [fleet.vehicle_id])
        assert new["vehicles"][0]["name"] == "Car 1"

    def test_does_not_mind_facts_that_nobody_here_knows(
        self, hub: Hub, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        client = hub.join(None, epoch="", offset="")
        hear(client)
        publish(database, "events.detected", vehicle_ids=[fleet.vehicle_id, 10_000], kind="harsh_braking")
        publish(database, "access.something_new", key="value")
        publish(database, "access.job_ordered", vehicle_id=fleet.vehicle_id)
        report(database, [fleet.vehicle_id], at, 31.0)
        assert hear(client)["vehicles"][0]["speed_kmh"] == 31.0

    def test_shares_its_snapshot_with_all_that_join_at_once(self, hub: Hub, fleet: Fleet) -> None:
        clients: list[Client] = []
        threads = [
            threading.Thread(target=lambda: clients.append(hub.join(None, epoch="", offset=""))) for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        messages = {id(client.take(1.0)) for client in clients}
        assert len(messages) == 1


class TestABoardThatComesBack:
    def test_to_a_process_that_never_saw_it_gets_everything_and_what_was_told_meanwhile(
        self, hub: Hub, database: Database, fleet: Fleet
    ) -> None:
        board = Browser()
        board.hear(orjson.loads(hub.catch_up(frozenset({1}), epoch="", offset="").text))
        for vehicle_id in (fleet.vehicle_id, fleet.other_vehicle_id):
            publish(database, "access.job_ordered", vehicle_id=vehicle_id, job_id=str(uuid.uuid4()))
        other = Hub(database)
        for _ in range(2):
            again = orjson.loads(other.catch_up(frozenset({1}), epoch=board.epoch, offset=board.offset).text)
            assert again["type"] == "snapshot"
            assert [fact["vehicle_id"] for fact in again["facts"]] == [fleet.vehicle_id]
        board.hear(again)
        for _ in range(5):
            after = orjson.loads(other.catch_up(frozenset({1}), epoch=board.epoch, offset=board.offset).text)
            assert after["facts"] == []
            board.hear(after)
            if after["type"] == "delta":
                break
            # Another test's transaction came between two readings of the first load: the next fact clears that up.
            publish(database, "access.job_ordered", vehicle_id=fleet.other_vehicle_id, job_id=str(uuid.uuid4()))
        assert after["type"] == "delta"

    def test_after_a_rest_of_the_process_is_told_only_what_changed(
        self, hub: Hub, database: Database, vehicle_ids: list[int], at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_module, "RECORDS_FRESH_S", 0.1)
        place = hub.catch_up(None, epoch="", offset="")
        time.sleep(0.3)
        epoch = orjson.loads(place.text)["epoch"]
        place = hub.catch_up(None, epoch=epoch, offset=str(place.offset))
        report(database, vehicle_ids[:1], at, 12.0)
        again = orjson.loads(hub.catch_up(None, epoch=epoch, offset=str(place.offset)).text)
        assert again["type"] == "delta"
        assert [row["vehicle_id"] for row in again["vehicles"]] == vehicle_ids[:1]

    def test_is_told_of_a_row_that_was_read_before_its_fact(
        self, hub: Hub, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A long transaction holds the fact back; one process shows the row already, the other does not yet."""
        monkeypatch.setattr(Hub, "_settled_at", staticmethod(lambda: 0.0))
        board, other = Browser(), Hub(database)
        for each in (hub, other):
            board.hear(orjson.loads(each.catch_up(None, epoch="", offset="").text))
        with database.transaction() as session:
            outbox.publish(session, "telemetry.trip_ended", at=at, vehicle_id=fleet.other_vehicle_id)
            report(database, [fleet.vehicle_id], at, 77.0)
            hub._renewed_at = float("-inf")
            hub.catch_up(None, epoch="", offset="")
            board.hear(orjson.loads(other.catch_up(None, epoch=board.epoch, offset=board.offset).text))
            assert board.vehicles[fleet.vehicle_id]["speed_kmh"] is None
            board.hear(orjson.loads(hub.catch_up(None, epoch=board.epoch, offset=board.offset).text))
            assert board.heard[-1] == "delta"
            assert board.vehicles[fleet.vehicle_id]["speed_kmh"] == 77.0

    @pytest.mark.parametrize("offset", ["99999999999999-1", "0-0", "", "x"])
    def test_from_a_place_that_is_not_of_this_stream_starts_over(self, hub: Hub, fleet: Fleet, offset: str) -> None:
        epoch = orjson.loads(hub.catch_up(None, epoch="", offset="").text)["epoch"]
        assert orjson.loads(hub.catch_up(None, epoch=epoch, offset=offset).text)["type"] == "snapshot"


class TestABoardThatDoesNotRead:
    def test_is_dropped_to_a_snapshot_with_the_facts_it_missed(
        self, hub: Hub, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portals.live.client.QUEUE_MESSAGES", 2)
        slow, quick = (hub.join(None, epoch="", offset="") for _ in range(2))
        board = Browser()
        for client in (slow, quick):
            board.hear(hear(client))
        publish(database, "access.job_ordered", vehicle_id=fleet.vehicle_id, job_id=str(uuid.uuid4()))
        for n in range(40):
            report(database, [fleet.vehicle_id], at + timedelta(milliseconds=n), float(n))
            while quick.take(0.02):
                pass
            if slow.is_lost:
                break
            time.sleep(0.1)
        assert slow.take(0) is None
        assert hub.refresh(slow) is None
        message = hear(slow)
        assert message["type"] == "snapshot"
        assert [fact["name"] for fact in message["facts"]] == ["access.job_ordered"]
        assert not quick.is_lost


class TestARestoredDatabase:
    def test_makes_every_board_start_over(
        self, hub: Hub, database: Database, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        board = Browser()
        client = hub.join(None, epoch="", offset="")
        board.hear(hear(client))
        publish(database, "access.job_ordered", vehicle_id=fleet.vehicle_id, job_id=str(uuid.uuid4()))
        board.hear(hear(client))
        monkeypatch.setattr("core.outbox.head", lambda reader: ("another.2", Offset(5, 0)))
        assert client.take(3.0) is None
        assert hub.refresh(client) is None
        message = hear(client)
        assert (message["type"], message["epoch"], message["facts"]) == ("snapshot", "another.2", [])


class World:
    """Writers that publish at the same time, and boards that come and go between two processes."""

    def __init__(self, database: Database, hubs: list[Hub], vehicle_ids: list[int]) -> None:
        self.database, self.hubs, self.vehicle_ids = database, hubs, vehicle_ids
        self.stopped, self.half_way = threading.Event(), threading.Event()
        self.problems: list[BaseException] = []
        self.boards = [(sight, Browser()) for sight in SIGHTS for _ in range(4)]

    def run(self, disturb: Callable[[], None]) -> None:
        writers = [threading.Thread(target=self._safely, args=(self._write, n)) for n in range(3)]
        boards = [threading.Thread(target=self._safely, args=(self._watch, *each)) for each in self.boards]
        for thread in (*writers, *boards):
            thread.start()
        self.half_way.wait()
        disturb()
        for thread in writers:
            thread.join()
        self.stopped.set()
        for thread in boards:
            thread.join()
        assert self.problems == []

    def _safely(self, work: Callable[..., None], *args: Any) -> None:
        try:
            work(*args)
        except BaseException as problem:
            self.problems.append(problem)

    def _write(self, number: int) -> None:
        """Reports, orders and moves between parks, each vehicle by all writers, in transactions of any length."""
        dice = random.Random(number)
        for step in range(STEPS):
            if step == STEPS // 2:
                self.half_way.set()
            ids = sorted(dice.sample(self.vehicle_ids, 3))
            try:
                match dice.randrange(10):
                    case 0:
                        move(self.database, ids[0], dice.choice((1, 2)))
                    case 1 | 2:
                        job = str(uuid.uuid4())
                        publish(self.database, "access.job_ordered", vehicle_id=ids[0], job_id=job)
                    case 3:
                        publish(self.database, "telemetry.trip_ended", vehicle_ids=ids, since_ms=[0, 0, 0])
                    case _:
                        report(
                            self.database,
                            ids,
                            clock.now() - timedelta(seconds=dice.choice((0, 0, 30))),
                            float(dice.randrange(90)),
                            open_s=dice.random() * 0.05,
                        )
            except sa.exc.OperationalError:
                time.sleep(0.1)

    def _watch(self, sight: Sight, board: Browser) -> None:
        dice = random.Random(id(board))
        while not self.stopped.is_set():
            if dice.random() < 0.2:
                self._ask(dice.choice(self.hubs), sight, board)
            else:
                self._listen(dice.choice(self.hubs), sight, board, dice.random() * 0.6)
            time.sleep(dice.random() * 0.2)

    def _ask(self, hub: Hub, sight: Sight, board: Browser) -> None:
        try:
            message = hub.catch_up(sight, epoch=board.epoch, offset=board.offset)
        except sa.exc.OperationalError:
            return
        board.hear(orjson.loads(message.text))

    def _listen(self, hub: Hub, sight: Sight, board: Browser, seconds: float) -> None:
        try:
            client = hub.join(sight, epoch=board.epoch, offset=board.offset)
        except sa.exc.OperationalError:
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            message = client.take(0.05) or hub.refresh(client)
            if message is not None:
                board.hear(orjson.loads(message.text))

    def published(self) -> list[tuple[Offset, int]]:
        with self.database.reading() as reader:
            facts = outbox.read_since(reader, Offset(0, 0), names=["access.job_ordered"], most=100_000)
        return [(fact.offset, fact.ids["vehicle_id"]) for fact in facts]


@pytest.fixture
def cut_off(postgres_dsn: str, database_url: str) -> Iterator[Callable[[], None]]:
    """Ends every connection to the database, as a failover does."""

    def cut() -> None:
        with psycopg.connect(postgres_dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [database_url.rpartition("/")[2]],
            )

    yield cut


class TestManyBoards:
    def test_that_come_and_go_end_with_the_truth_and_heard_every_fact_once(
        self, database: Database, vehicle_ids: list[int], cut_off: Callable[[], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portals.live.client.QUEUE_MESSAGES", 3)
        monkeypatch.setattr(hub_module, "GATHER_S", 0.03)
        monkeypatch.setattr(Hub, "_settled_at", staticmethod(lambda: 0.0))
        hubs = [Hub(database), Hub(database)]
        world = World(database, hubs, vehicle_ids)
        world.run(cut_off)
        for sight, board in world.boards:
            world._ask(random.choice(hubs), sight, board)
        with database.reading() as reader:
            rows = FleetRows()
            rows.renew_records(reader, at=clock.now())
            truth = rows.read(reader)
        for sight, board in world.boards:
            assert board.vehicles == {v: row for v, row in truth.items() if sight is None or rows.park_ids[v] in sight}
            assert max(Counter(board.told).values(), default=1) == 1, "a fact was told twice"
        published = world.published()
        for _, board in world.boards[:4]:
            since = Offset.parse(board.since)
            assert since is not None
            assert board.told == [(str(offset), v) for offset, v in published if offset > since]
        assert any(board.told for _, board in world.boards)
