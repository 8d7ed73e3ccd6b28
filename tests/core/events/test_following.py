"""What is derived from points is the same however they come, and whatever happens to who derives it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from core.config import Config
from core.db import Database
from core.events.following import Follower, make_follower
from core.telemetry import service
from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample
from core.telemetry.schemas import Point, Reading
from tests.conftest import ROOT, Fleet
from tests.core.events.detectors import KINDS, Sums
from tests.core.telemetry.test_ingest import DEVICES

TABLES = ("minutes", "quarters", "hours", "days", "trips", "stops", "heads", "checkpoints")


def make_stream(seed: int, at: datetime, hours: float = 6) -> list[Point]:
    """A believable way through the day, up to `at`: driving, standing, hurrying, gaps."""
    chance = random.Random(seed)
    points = []
    ts, lat, speed = at - timedelta(hours=hours), 37.7, 0.0
    while ts < at:
        mood = chance.choice(["drive", "stand", "hurry", "gap", "drive"])
        for _ in range(1 if mood == "gap" else chance.randint(1, 20)):
            speed = {"drive": 40.0, "stand": 0.0, "hurry": 120.0, "gap": 0.0}[mood] + chance.choice([0, 0, 0, 3, 7])
            points.append(Point(ts=ts, lat=lat, lon=-122.4, speed_kmh=speed if chance.random() < 0.95 else None))
            lat += 1e-4
            ts += timedelta(seconds=chance.choice([5, 20, 45]), milliseconds=chance.choice([0, 250, 123]))
        if mood == "gap":
            ts += timedelta(seconds=chance.choice([300, 1200, 5400]))
    return [*(point for point in points if point.ts < at), Point(ts=at, lat=lat, lon=-122.4, speed_kmh=speed)]


@dataclass
class World:
    """A database with the fleet, a follower, and a clock that stands."""

    database: Database
    config: Config
    fleet: Fleet
    at: datetime
    clock: datetime

    def take_in(self, vehicle_id: int, points: Sequence[Point]) -> None:
        """Ingest a batch of one vehicle."""
        readings = [Reading(index=n, vehicle_id=vehicle_id, point=point) for n, point in enumerate(points)]
        with self.database.transaction() as session:
            report = service.ingest(session, actor=DEVICES, at=self.clock, source="test", readings=readings)
        assert not report.refused

    def follower(self, kinds: Sequence[type[Detector]] = KINDS) -> Follower:
        """A follower as its process has it at its start."""
        return make_follower(
            self.config,
            self.database,
            now=lambda: self.clock,
            kinds=kinds,
            load_fences=lambda reader: lambda park_id: None,
            renewing_facts=(),
        )

    def rows(self, table: str, vehicle_id: int, *, also_withdrawn: bool = False) -> list[dict[str, Any]]:
        """The rows of a vehicle, without what tells when they were written."""
        name = "events_detections" if table == "detections" else f"telemetry_{table}"
        with self.database.reading() as reader:
            query = sa.select(sa.func.to_jsonb(sa.literal_column("t"))).select_from(sa.table(name).alias("t"))
            found = reader.execute(query.where(sa.literal_column("t.vehicle_id") == vehicle_id)).scalars()
            rows = [row for row in found if also_withdrawn or row.get("withdrawn_at") is None]
        hidden = {"vehicle_id", "id", "arrived_at", "revision", "detected_at", "changed_at"}
        return [{key: value for key, value in row.items() if key not in hidden} for row in rows]

    def derived(self, vehicle_id: int) -> dict[str, list[dict[str, Any]]]:
        """Everything that was derived of a vehicle and stands."""
        found = {table: self.rows(table, vehicle_id) for table in (*TABLES, "detections")}
        return {table: sorted(rows, key=str) for table, rows in found.items()}

    def change_kinds(self, vehicle_id: int) -> set[str]:
        """The kinds of findings that stand."""
        return {row["kind"] for row in self.rows("detections", vehicle_id)}


@pytest.fixture
def world(database: Database, config: Config, fleet: Fleet, at: datetime) -> Iterator[World]:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE vehicles_vehicles SET status = 'available'"))
    yield World(database, config, fleet, at, at)


def same(world: World) -> None:
    """Both vehicles' points lead to the same; table by table, for a message that can be read."""
    ours, reference = world.derived(world.fleet.vehicle_id), world.derived(world.fleet.other_vehicle_id)
    for table, rows in reference.items():
        assert ours[table] == rows, table
    for table in ("minutes", "hours", "trips", "stops", "checkpoints", "detections"):
        assert reference[table], f"the test says nothing about {table}"


def scattered(points: Sequence[Point], chance: random.Random) -> list[list[Point]]:
    """The points in batches of any size, mostly in order, some far too late, some again."""
    order = sorted(points, key=lambda p: p.ts.timestamp() + chance.choice([0, 0, 0, 0, 60, 900, 20_000]))
    batches = []
    while order:
        size = chance.randint(1, 60)
        batch, order = order[:size], order[size:]
        batches.append([*batch, *chance.sample(list(points), min(3, len(points)))] if chance.random() < 0.3 else batch)
    return batches


class TestWhatIsDerived:
    @pytest.mark.parametrize("seed", range(3))
    def test_is_the_same_however_the_points_come(self, world: World, seed: int) -> None:
        chance = random.Random(seed)
        points = make_stream(seed, world.at)
        follower = world.follower()
        world.take_in(world.fleet.other_vehicle_id, points)
        for batch in scattered(points, chance):
            world.take_in(world.fleet.vehicle_id, batch)
            if chance.random() < 0.5:
                follower.follow_all()
            if chance.random() < 0.1:
                follower = world.follower()
        follower.follow_all()
        same(world)

    def test_is_the_same_when_two_follow_at_once(self, world: World) -> None:
        points = make_stream(7, world.at)
        done = threading.Event()
        problems: list[BaseException] = []

        def follow() -> None:
            follower = world.follower()
            try:
                while not done.is_set():
                    follower.follow()
            except BaseException as problem:
                problems.append(problem)

        threads = [threading.Thread(target=follow) for _ in range(2)]
        for thread in threads:
            thread.start()
        for batch in scattered(points, random.Random(7)):
            world.take_in(world.fleet.vehicle_id, batch)
        world.take_in(world.fleet.other_vehicle_id, points)
        done.set()
        for thread in threads:
            thread.join()
        assert not problems
        world.follower().follow_all()
        same(world)

    def test_is_derived_anew_when_a_detector_is_another_version(self, world: World) -> None:
        class Sums2(Sums):
            version: ClassVar[int] = 2

        points = make_stream(3, world.at)
        world.take_in(world.fleet.vehicle_id, points)
        world.follower([Sums, *KINDS[2:]]).follow_all()
        world.take_in(world.fleet.other_vehicle_id, points)
        world.follower([Sums2, *KINDS[1:]]).follow_all()
        same(world)
        world.follower([Sums2, KINDS[1]]).follow_all()
        assert world.change_kinds(world.fleet.vehicle_id) == set()

    def test_stays_as_it_was_said_where_points_are_dropped_already(self, world: World) -> None:
        points = [
            Point(ts=world.at - timedelta(hours=30) + timedelta(minutes=5 * n), speed_kmh=40.0) for n in range(360)
        ]
        world.take_in(world.fleet.vehicle_id, points)
        world.follower().follow_all()
        before = world.derived(world.fleet.vehicle_id)
        midnight = (world.at - timedelta(hours=10)).replace(minute=0, second=0, microsecond=0)
        with world.database.transaction() as session:
            session.execute(sa.text("DELETE FROM telemetry_points WHERE ts < :before"), {"before": midnight})

        class Sums2(Sums):
            version: ClassVar[int] = 2

        follower = world.follower([Sums2, *KINDS[1:]])
        follower.follow_all()
        after = world.derived(world.fleet.vehicle_id)
        for table in ("minutes", "quarters", "days"):
            assert after[table] == before[table], table
        (was,), (now,) = before["heads"], after["heads"]
        assert (now["mileage_ts"], now["point_count"]) == (was["mileage_ts"], was["point_count"])
        assert now["mileage_m"] == pytest.approx(was["mileage_m"], abs=1500)


class TestALatePoint:
    def drive(self, world: World, *speeds: float, skip: Sequence[int] = ()) -> list[Point]:
        start = world.at - timedelta(hours=3)
        points = [Point(ts=start + timedelta(seconds=20 * n), speed_kmh=speed) for n, speed in enumerate(speeds)]
        world.take_in(world.fleet.vehicle_id, [point for n, point in enumerate(points) if n not in skip])
        return points

    def test_takes_back_what_is_no_longer_so_and_the_row_says_when(self, world: World) -> None:
        follower = world.follower()
        points = self.drive(world, 120, 120, 120, 40, skip=[1])
        follower.follow_all()
        assert "fast" in world.change_kinds(world.fleet.vehicle_id)
        world.take_in(world.fleet.vehicle_id, [Point(ts=points[1].ts, speed_kmh=50.0)])
        follower.follow_all()
        assert "fast" not in world.change_kinds(world.fleet.vehicle_id)
        (row,) = [
            row
            for row in world.rows("detections", world.fleet.vehicle_id, also_withdrawn=True)
            if row["kind"] == "fast"
        ]
        assert row["withdrawn_at"] is not None

    def test_gives_back_what_was_taken_back(self, world: World) -> None:
        follower = world.follower()
        points = self.drive(world, 120, 120, 120, 120, 40, skip=[1])
        follower.follow_all()
        whole = fast_of(world)
        # Another start of the same: the first point is no longer the first of it, then is again in another shape.
        world.take_in(world.fleet.vehicle_id, [Point(ts=points[0].ts - timedelta(seconds=5), speed_kmh=110.0)])
        follower.follow_all()
        assert fast_of(world) != whole
        world.take_in(world.fleet.vehicle_id, [Point(ts=points[0].ts - timedelta(seconds=2), speed_kmh=10.0)])
        follower.follow_all()
        assert fast_of(world) == whole

    def test_opens_again_what_had_ended(self, world: World) -> None:
        follower = world.follower()
        points = self.drive(world, 120, 120, 120, 40)
        follower.follow_all()
        world.take_in(world.fleet.vehicle_id, [Point(ts=points[3].ts - timedelta(seconds=5), speed_kmh=130.0)])
        follower.follow_all()
        (row,) = fast_of(world)
        assert row["value"] == 130

    def test_is_told_in_one_fact_with_what_changed_alone(self, world: World) -> None:
        follower = world.follower()
        self.drive(world, 120, 120, 120, 40)
        follower.follow_all()
        assert [sorted(ids) for ids in facts(world, "events.detected")] == [["detection_ids", "vehicle_ids"]]
        follower.follow_all()
        world.take_in(world.fleet.vehicle_id, [Point(ts=world.at - timedelta(hours=2, minutes=50), speed_kmh=60.0)])
        follower.follow_all()
        assert len(facts(world, "events.detected")) == 2

    def test_costs_no_look_at_points_before_the_checkpoint(self, world: World) -> None:
        points = make_stream(5, world.at)
        follower = world.follower()
        world.take_in(world.fleet.vehicle_id, points[:-2] + points[-1:])
        follower.follow_all()
        before = {row["ts"] for row in world.rows("checkpoints", world.fleet.vehicle_id)}
        world.take_in(world.fleet.vehicle_id, points[-2:-1])
        follower.follow_all()
        assert {row["ts"] for row in world.rows("checkpoints", world.fleet.vehicle_id)} == before


class TestAMileageReading:
    def test_changes_what_came_after_it(self, world: World) -> None:
        points = make_stream(1, world.at)
        follower = world.follower()
        moment = points[len(points) // 2].ts + timedelta(seconds=1)
        world.take_in(world.fleet.vehicle_id, points)
        follower.follow_all()
        for vehicle_id in (world.fleet.vehicle_id, world.fleet.other_vehicle_id):
            read_odometer(world, vehicle_id, moment, 5_000_000)
        world.take_in(world.fleet.other_vehicle_id, points)
        world.follower().follow_all()
        follower.contexts.forget()
        follower.follow_all()
        same(world)
        (head,) = world.rows("heads", world.fleet.vehicle_id)
        assert head["mileage_m"] > 5_000_000


def read_odometer(world: World, vehicle_id: int, moment: datetime, metres: int) -> None:
    with world.database.transaction() as session:
        session.execute(
            sa.text(
                "INSERT INTO telemetry_mileage_readings VALUES (:id, :moment, :metres, 'inspection', 'Ana', :moment)"
            ),
            {"id": vehicle_id, "moment": moment, "metres": metres},
        )


def fast_of(world: World) -> list[dict[str, Any]]:
    return [row for row in world.rows("detections", world.fleet.vehicle_id) if row["kind"] == "fast"]


def facts(world: World, name: str) -> list[dict[str, Any]]:
    with world.database.reading() as reader:
        return list(
            reader.execute(sa.text("SELECT ids FROM outbox_facts WHERE name = :name ORDER BY id"), {"name": name})
            .scalars()
            .all()
        )


class TestASilence:
    def test_is_opened_by_the_clock_and_ended_by_the_next_point(self, world: World, skip_sweep_pause: Callable) -> None:
        vehicle_id = world.fleet.vehicle_id
        world.take_in(vehicle_id, [Point(ts=world.at - timedelta(seconds=60), lat=37.7, lon=-122.4, speed_kmh=70.0)])
        follower = world.follower()
        follower.follow_all()
        assert world.rows("detections", vehicle_id) == []
        world.clock += timedelta(minutes=20)
        skip_sweep_pause(follower)
        follower.follow_all()
        (row,) = world.rows("detections", vehicle_id)
        assert (row["kind"], row["ended_at"]) == ("silence", None)
        world.take_in(vehicle_id, [Point(ts=world.clock, lat=37.7, lon=-122.4, speed_kmh=70.0)])
        follower.follow_all()
        (row,) = world.rows("detections", vehicle_id)
        assert row["ended_at"] is not None

    def test_is_taken_back_when_the_points_were_only_on_their_way(
        self, world: World, skip_sweep_pause: Callable
    ) -> None:
        vehicle_id = world.fleet.vehicle_id
        world.take_in(vehicle_id, [Point(ts=world.at, speed_kmh=70.0)])
        follower = world.follower()
        world.clock += timedelta(minutes=20)
        skip_sweep_pause(follower)
        follower.follow_all()
        skip_sweep_pause(follower)
        follower.follow_all()
        assert world.change_kinds(vehicle_id) == {"silence"}
        world.take_in(vehicle_id, [Point(ts=world.at + timedelta(minutes=n), speed_kmh=70.0) for n in range(1, 19)])
        follower.follow_all()
        assert world.change_kinds(vehicle_id) == set()

    def test_is_none_of_a_vehicle_that_nobody_expects_to_report(self, world: World, skip_sweep_pause: Callable) -> None:
        vehicle_id = world.fleet.vehicle_id
        world.take_in(vehicle_id, [Point(ts=world.at, speed_kmh=70.0)])
        with world.database.transaction() as session:
            session.execute(sa.text("UPDATE vehicles_vehicles SET status = 'written_off'"))
        follower = world.follower()
        follower.follow_all()
        world.clock += timedelta(hours=2)
        skip_sweep_pause(follower)
        follower.follow_all()
        assert world.rows("detections", vehicle_id) == []


@pytest.fixture
def skip_sweep_pause() -> Callable[[Follower], None]:
    """Let the next pass sweep, as though the pause between sweeps were over."""

    def skip(follower: Follower) -> None:
        follower._swept_s = float("-inf")

    return skip


class Touchy(Detector):
    """Cannot bear a speed of 66."""

    name: ClassVar[str] = "touchy"

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        if now.speed_kmh == 66:
            raise ValueError("66")
        say(Finding(kind="seen", started_at=now.ts, ended_at=now.ts))


class TestADetectorThatRaises:
    def test_stops_its_own_vehicle_alone_and_is_told(self, world: World) -> None:
        world.take_in(world.fleet.vehicle_id, [Point(ts=world.at, speed_kmh=66.0)])
        world.take_in(world.fleet.other_vehicle_id, [Point(ts=world.at, speed_kmh=40.0)])
        follower = world.follower([Touchy])
        follower.follow_all()
        assert world.change_kinds(world.fleet.other_vehicle_id) == {"seen"}
        assert follower.words() == f"1 set aside. Vehicle {world.fleet.vehicle_id}: ValueError: 66"
        assert follower.lag_ms() == 0

    def test_is_asked_again_later_and_loses_nothing(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        points = [Point(ts=world.at + timedelta(seconds=n), speed_kmh=66.0) for n in range(3)]
        world.take_in(world.fleet.vehicle_id, points)
        follower = world.follower([Touchy])
        follower.follow_all()
        assert world.rows("detections", world.fleet.vehicle_id) == []
        monkeypatch.setattr(Touchy, "step", lambda self, before, now, context, say: say(seen(now)))
        monkeypatch.setattr("core.events.following.loop.RETRY_S", (0.0,))
        for aside in follower._aside.values():
            aside.retry_s = 0.0
        follower.follow_all()
        assert len(world.rows("detections", world.fleet.vehicle_id)) == 3
        assert follower.words() == ""


def seen(now: Sample) -> Finding:
    return Finding(kind="seen", started_at=now.ts, ended_at=now.ts)


class TestAVehicleWithVeryManyPoints:
    def test_is_followed_a_portion_at_a_time(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        points = [Point(ts=world.at - timedelta(seconds=10 * n), speed_kmh=40.0) for n in range(2_500)]
        world.take_in(world.fleet.vehicle_id, points)
        follower = world.follower()
        first = follower.follow()
        assert (first.points, first.is_done) == (2_000, False)
        follower.follow_all()
        (head,) = world.rows("heads", world.fleet.vehicle_id)
        assert head["point_count"] == len(points)


class TestTheFollower:
    def test_may_be_asked_by_nobody_but_the_product(self, world: World) -> None:
        with world.database.transaction() as session, pytest.raises(Exception, match="telemetry:follow"):
            service.save_followed(session, actor=ROOT, at=world.at, followed=[])
