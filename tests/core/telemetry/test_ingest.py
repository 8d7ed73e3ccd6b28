"""Taking telemetry in, on a real PostgreSQL."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
import sqlalchemy as sa

from core import outbox
from core.db import Database
from core.permissions import DEVICE, Actor, system
from core.telemetry import queries, service
from core.telemetry.schemas import IngestReport, Point, Reading, RefusedReading
from tests.conftest import Fleet

DEVICES = Actor("device", None, "devices", roles=frozenset({DEVICE}), parks=None)
READER = system("test")


def track(fleet: Fleet, at: datetime, count: int, **fields: object) -> list[Reading]:
    return [
        Reading(
            index=n,
            vehicle_id=fleet.vehicle_id,
            point=Point(ts=at - timedelta(seconds=count - n), lat=37.7 + n * 1e-5, lon=-122.4, speed_kmh=4.0, **fields),
        )
        for n in range(count)
    ]


def take_in(
    database: Database, at: datetime, readings: Sequence[Reading], unreadable: Sequence[RefusedReading] = ()
) -> IngestReport:
    with database.transaction() as session:
        return service.ingest(session, actor=DEVICES, at=at, source="test", readings=readings, unreadable=unreadable)


def count_points(database: Database) -> int:
    with database.reading() as reader:
        return reader.execute(sa.text("SELECT count(*) FROM telemetry_points")).scalar_one()


class TestABatch:
    def test_is_stored_once_however_often_it_is_sent(self, database: Database, fleet: Fleet, at: datetime) -> None:
        readings = track(fleet, at, 20)
        first, second = take_in(database, at, readings), take_in(database, at, readings)
        assert (first.stored, first.duplicates) == (20, 0)
        assert (second.stored, second.duplicates) == (0, 20)
        assert count_points(database) == 20

    def test_stores_a_moment_once_when_it_holds_it_twice(self, database: Database, fleet: Fleet, at: datetime) -> None:
        report = take_in(database, at, track(fleet, at, 1) * 2)
        assert (report.received, report.stored, report.duplicates) == (2, 1, 1)

    def test_loses_nothing_good_to_a_bad_point(self, database: Database, fleet: Fleet, at: datetime) -> None:
        bad = Reading(index=99, vehicle_id=fleet.vehicle_id, point=Point(ts=at, lat=0.0, lon=0.0), raw="#D#…")
        report = take_in(database, at, [*track(fleet, at, 5), bad])
        assert (report.stored, [refusal.index for refusal in report.refused]) == (5, [99])

    def test_keeps_what_it_refuses_with_its_rule_and_what_was_sent(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        bad = Reading(index=0, vehicle_id=fleet.vehicle_id, point=Point(ts=at, lat=0.0, lon=0.0), raw="#D#0;0")
        take_in(database, at, [bad])
        with database.reading() as reader:
            (kept,) = queries.list_refusals(reader, viewer=READER, vehicle_id=fleet.vehicle_id)
        assert (kept["rule"], kept["raw"]) == ("coordinates_null_island", "#D#0;0")

    def test_accounts_for_every_point(self, database: Database, fleet: Fleet, at: datetime) -> None:
        readings = [*track(fleet, at, 7), *track(fleet, at, 7)[:3]]
        torn = RefusedReading(index=50, rule="malformed", detail="torn", vehicle_id=fleet.vehicle_id)
        take_in(database, at, readings, [torn])
        with database.reading() as reader:
            (counts,) = queries.list_intake(reader, viewer=READER)
        assert counts == {
            "vehicle_id": fleet.vehicle_id,
            "received_count": 11,
            "stored_count": 7,
            "duplicate_count": 3,
            "refused_count": 1,
        }

    def test_that_comes_late_is_stored_but_does_not_move_the_state_back(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, track(fleet, at, 3))
        late = Reading(index=0, vehicle_id=fleet.vehicle_id, point=Point(ts=at - timedelta(hours=1), speed_kmh=77.0))
        assert take_in(database, at, [late]).stored == 1
        with database.reading() as reader:
            state = queries.list_states(reader, viewer=READER)[fleet.vehicle_id]
        assert state["speed_kmh"] == 4.0

    def test_refuses_again_what_it_refused_before_however_late_it_comes_again(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        readings = track(fleet, at, 9)
        readings[4] = Reading(
            index=4, vehicle_id=fleet.vehicle_id, point=Point(ts=readings[4].point.ts, lat=38.9, lon=-122.4)
        )
        first = [take_in(database, at, [reading]) for reading in readings]
        again = [take_in(database, at, [reading]) for reading in readings]
        assert [report.refused[0].rule for report in first if report.refused] == ["jump_impossible"]
        assert [report.refused[0].rule for report in again if report.refused] == ["jump_impossible"]
        assert sum(report.stored for report in again) == 0

    def test_tells_the_relay_from_the_output_the_tracker_is_wired_to(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, track(fleet, at, 1, outputs=1))
        with database.reading() as reader:
            (point,) = queries.list_last_points(reader, viewer=READER, vehicle_id=fleet.vehicle_id, most=10)
        assert point["relay_on"] is True

    def test_publishes_one_fact_with_the_vehicles_that_moved(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        with database.reading() as reader:
            _, head = outbox.head(reader)
        take_in(database, at, track(fleet, at, 3))
        take_in(database, at, track(fleet, at, 3))
        with database.reading() as reader:
            facts = outbox.read_since(reader, head)
        assert [(fact.name, fact.ids) for fact in facts] == [
            (
                "telemetry.batch_stored",
                {"vehicle_ids": [fleet.vehicle_id], "since_ms": [int((at - timedelta(seconds=3)).timestamp() * 1000)]},
            )
        ]

    def test_survives_every_value_that_the_filters_let_through(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        odd = Point(
            ts=at,
            altitude_m=-500,
            satellites=100,
            hdop=float("nan"),
            driver_key="ключ",
            dtc=("P2BAC", "U0100"),
            extra={"Батарея": "100 %", "nested": [1, None, "é"]},
        )
        assert take_in(database, at, [Reading(index=0, vehicle_id=fleet.vehicle_id, point=odd)]).received == 1


class TestABatchOfAllKinds:
    def test_stores_new_late_and_repeated_points_each_once(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        points = track(fleet, at, 12)
        take_in(database, at, points[4:8])
        report = take_in(database, at, [*points[9:], *points[2:6], *points[10:], *points[:3]])
        assert (report.received, report.stored, report.duplicates) == (12, 7, 5)
        with database.reading() as reader:
            state = queries.list_states(reader, viewer=READER)[fleet.vehicle_id]
        assert state["ts"] == points[-1].point.ts
        assert count_points(database) == 11

    def test_tells_since_when_a_late_point_changes_things(self, database: Database, fleet: Fleet, at: datetime) -> None:
        points = track(fleet, at, 12)
        take_in(database, at, points[6:])
        with database.reading() as reader:
            _, head = outbox.head(reader)
        take_in(database, at, points)
        with database.reading() as reader:
            (fact,) = outbox.read_since(reader, head)
        assert fact.ids["since_ms"] == [int(points[0].point.ts.timestamp() * 1000)]

    def test_is_judged_by_the_class_of_each_vehicle(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            session.execute(
                sa.text("UPDATE vehicles_vehicles SET vehicle_class = 'truck' WHERE id = :id"), {"id": fleet.vehicle_id}
            )
        fast = Point(ts=at, lat=37.7, lon=-122.4, speed_kmh=200.0)
        ids = (fleet.vehicle_id, fleet.other_vehicle_id)
        report = take_in(database, at, [Reading(index=n, vehicle_id=id_, point=fast) for n, id_ in enumerate(ids)])
        assert [(refusal.rule, refusal.vehicle_id) for refusal in report.refused] == [
            ("speed_impossible", fleet.vehicle_id)
        ]

    def test_finds_points_again_of_which_the_state_knows_nothing(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, track(fleet, at, 5))
        with database.transaction() as session:
            session.execute(sa.text("DELETE FROM telemetry_states"))
        assert take_in(database, at, track(fleet, at, 5)).duplicates == 5


class TestTroubleCodes:
    def test_that_are_none_are_told_apart_from_codes_that_were_not_reported(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        said = [("P0299",), (), None]
        take_in(
            database,
            at,
            [
                Reading(index=n, vehicle_id=fleet.vehicle_id, point=Point(ts=at - timedelta(seconds=9 - n), dtc=codes))
                for n, codes in enumerate(said)
            ],
        )
        with database.reading() as reader:
            points = queries.list_last_points(reader, viewer=READER, vehicle_id=fleet.vehicle_id, most=10)
        assert [point["dtc"] for point in points] == [None, [], ["P0299"]]


class TestAState:
    def test_does_not_grow_with_the_names_a_device_invents(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        for n, reading in enumerate(track(fleet, at, 5)):
            extra = {f"name_{n}_{k}": k for k in range(60)}
            point = Point(ts=reading.point.ts, lat=37.7, lon=-122.4, extra=extra)
            take_in(database, at, [Reading(index=0, vehicle_id=fleet.vehicle_id, point=point)])
        with database.reading() as reader:
            state = queries.list_states(reader, viewer=READER)[fleet.vehicle_id]
        assert len(state["extra"]) == 128
        assert "name_4_59" in state["extra"]


class TestAnArrival:
    def test_is_later_than_the_one_before_though_the_clock_went_back(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        first, second = track(fleet, at, 2)
        take_in(database, at, [first])
        take_in(database, at - timedelta(seconds=5), [second])
        with database.reading() as reader:
            newest, older = queries.list_last_points(reader, viewer=READER, vehicle_id=fleet.vehicle_id, most=10)
        assert newest["received_at"] > older["received_at"]


class TestBatchesAtTheSameTime:
    def test_with_the_same_vehicles_in_any_order_lose_nothing_and_never_deadlock(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        ids = (fleet.vehicle_id, fleet.other_vehicle_id)
        reports: list[IngestReport] = []

        def send(worker: int) -> None:
            for n in range(15):
                moment = at - timedelta(seconds=worker * 100 + n)
                readings = [Reading(index=0, vehicle_id=id_, point=Point(ts=moment)) for id_ in ids]
                reports.append(take_in(database, at, readings[:: 1 if worker % 2 else -1]))

        threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(report.stored for report in reports) == 4 * 15 * 2
        assert count_points(database) == 4 * 15 * 2

    def test_with_vehicles_that_never_reported_before_never_deadlock(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        ids = range(100, 140)  # the intake does not ask whether they are in the registry
        problems: list[Exception] = []

        def send(worker: int) -> None:
            dice = random.Random(worker)
            for n in range(25):
                moment = at - timedelta(seconds=worker * 100 + n)
                readings = [Reading(index=0, vehicle_id=id_, point=Point(ts=moment)) for id_ in dice.sample(ids, 4)]
                try:
                    with database.transaction() as session:
                        service.ingest(session, actor=DEVICES, at=at, source="test", readings=readings)
                        time.sleep(0.01)
                except psycopg.OperationalError as problem:
                    problems.append(problem)

        threads = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []


class TestTheDatabase:
    def test_refuses_a_count_that_does_not_add_up(self, database: Database, fleet: Fleet, at: datetime) -> None:
        take_in(database, at, track(fleet, at, 1))
        try:
            with database.transaction() as session:
                session.execute(sa.text("UPDATE telemetry_states SET stored_count = stored_count + 1"))
        except sa.exc.IntegrityError as refusal:
            assert "every_point_accounted_for" in str(refusal)
        else:
            raise AssertionError("the count was changed")
