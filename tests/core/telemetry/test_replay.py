"""Refused points judged anew, on a real PostgreSQL."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import msgspec
import pytest

from core import audit
from core.db import Database
from core.errors import Forbidden
from core.permissions import ADMIN, OPERATOR, Actor, system
from core.telemetry import queries, service
from core.telemetry.rules.limits import LIMITS, Limits
from core.telemetry.schemas import Point, Reading, RefusalFilter, RefusedReading, ReplayReport
from core.vehicles import service as vehicles
from core.vehicles.schemas import NewTracker
from tests.conftest import ROOT, Fleet

SYSTEM = system("tests")
LOOSE = {name: msgspec.structs.replace(limits, speed_kmh=400.0) for name, limits in LIMITS.items()}
STRANGER = "860000000000099"


def fast(fleet: Fleet, at: datetime, *seconds_ago: int) -> list[Reading]:
    """Readings that are too fast for the usual limits."""
    return [
        Reading(index=n, vehicle_id=fleet.vehicle_id, point=Point(ts=at - timedelta(seconds=s), speed_kmh=300.0))
        for n, s in enumerate(seconds_ago)
    ]


def take_in(
    database: Database,
    at: datetime,
    readings: list[Reading],
    unreadable: list[RefusedReading] | None = None,
    limits: dict[str, Limits] | None = None,
) -> None:
    with database.transaction() as session:
        service.ingest(
            session,
            actor=SYSTEM,
            at=at,
            source="test",
            readings=readings,
            unreadable=unreadable or [],
            limits=limits or LIMITS,
        )


def of_a_stranger(at: datetime, *, speed_kmh: float = 4.0) -> RefusedReading:
    point = Point(ts=at - timedelta(seconds=5), speed_kmh=speed_kmh)
    return RefusedReading(index=0, rule="unknown_vehicle", detail="nobody", device_uid=STRANGER, point=point)


def replay(database: Database, at: datetime, limits: dict[str, Limits] | None = None, **wanted: object) -> ReplayReport:
    with database.transaction() as session:
        return service.replay_refusals(
            session, actor=ROOT, at=at, wanted=RefusalFilter(**wanted), limits=limits or LIMITS
        )


def refusals(database: Database) -> list[dict[str, object]]:
    with database.reading() as reader:
        return queries.list_refusals(reader, viewer=ROOT)


def counts(database: Database, vehicle_id: int) -> tuple[int, ...]:
    with database.reading() as reader:
        rows = queries.list_intake(reader, viewer=ROOT)
    return next(tuple(row.values())[1:] for row in rows if row["vehicle_id"] == vehicle_id)


class TestAReplay:
    def test_stores_what_todays_rules_believe_and_moves_it_out_of_the_refused(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, fast(fleet, at, 30, 20))
        assert counts(database, fleet.vehicle_id) == (2, 0, 0, 2)
        assert replay(database, at, LOOSE) == ReplayReport(judged=2, stored=2, duplicates=0, refused={})
        assert counts(database, fleet.vehicle_id) == (2, 2, 0, 0)
        assert [row["replay_outcome"] for row in refusals(database)] == ["stored", "stored"]

    def test_marks_what_is_refused_again_and_keeps_it_no_second_time(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, fast(fleet, at, 30))
        for _ in range(2):
            assert replay(database, at).refused == {"speed_impossible": 1}
        (row,) = refusals(database)
        assert (row["replay_outcome"], row["replayed_at"]) == ("refused: speed_impossible", at)
        assert counts(database, fleet.vehicle_id) == (1, 0, 0, 1)

    def test_changes_nothing_when_it_is_run_again(self, database: Database, fleet: Fleet, at: datetime) -> None:
        take_in(database, at, fast(fleet, at, 30, 20))
        replay(database, at, LOOSE)
        assert replay(database, at, LOOSE).judged == 0
        assert counts(database, fleet.vehicle_id) == (2, 2, 0, 0)

    def test_tells_a_duplicate_from_what_is_new(self, database: Database, fleet: Fleet, at: datetime) -> None:
        take_in(database, at, fast(fleet, at, 30, 30, 20))
        take_in(database, at, fast(fleet, at, 20), limits=LOOSE)
        report = replay(database, at, LOOSE)
        assert (report.stored, report.duplicates) == (1, 2)
        assert counts(database, fleet.vehicle_id) == (4, 2, 2, 0)

    def test_gives_a_strangers_points_to_the_vehicle_its_device_is_in_by_now(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, [], [of_a_stranger(at)])
        assert replay(database, at).refused == {"unknown_vehicle": 1}
        claim(database, fleet, at)
        assert replay(database, at, device_uid=STRANGER).stored == 1
        assert counts(database, fleet.other_vehicle_id) == (1, 1, 0, 0)
        assert refusals(database)[0]["vehicle_id"] == fleet.other_vehicle_id

    def test_charges_a_vehicle_once_with_a_strangers_point_however_often_it_is_refused(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, [], [of_a_stranger(at, speed_kmh=300.0)])
        claim(database, fleet, at)
        for _ in range(2):
            assert replay(database, at).refused == {"speed_impossible": 1}
            assert counts(database, fleet.other_vehicle_id) == (1, 0, 0, 1)
        assert replay(database, at, LOOSE).stored == 1
        assert counts(database, fleet.other_vehicle_id) == (1, 1, 0, 0)

    def test_takes_only_what_was_asked_for(self, database: Database, fleet: Fleet, at: datetime) -> None:
        take_in(database, at, fast(fleet, at, 30), [of_a_stranger(at)])
        for unmet in (
            {"rule": "jump_impossible"},
            {"vehicle_id": 4711},
            {"source": "osmand"},
            {"since": at + timedelta(seconds=1)},
        ):
            assert replay(database, at, LOOSE, **unmet).judged == 0, unmet
        assert replay(database, at, LOOSE, rule="speed_impossible").judged == 1

    def test_leaves_alone_what_could_never_be_read(self, database: Database, fleet: Fleet, at: datetime) -> None:
        torn = RefusedReading(index=0, rule="malformed", detail="torn", vehicle_id=fleet.vehicle_id, raw="#D#")
        take_in(database, at, [], [torn])
        assert replay(database, at).judged == 0
        with database.reading() as reader:
            assert queries.count_replayable(reader, viewer=ROOT) == 0

    def test_tries_what_was_never_tried_before_what_was_refused_again(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, fast(fleet, at, 30, 20, 10))
        for _ in range(3):
            with database.transaction() as session:
                service.replay_refusals(session, actor=ROOT, at=at, wanted=RefusalFilter(), most=1)
        assert all(row["replayed_at"] for row in refusals(database))

    def test_at_the_same_time_as_another_and_as_the_intake_counts_each_point_once(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, fast(fleet, at, *range(1, 61)))
        reports: list[ReplayReport] = []
        failures: list[Exception] = []

        def work(worker: int) -> None:
            try:
                for n in range(4):
                    reports.append(replay(database, at, LOOSE))
                    take_in(database, at, fast(fleet, at, 100 + worker * 10 + n))
            except Exception as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        replay(database, at, LOOSE)
        assert failures == []
        assert counts(database, fleet.vehicle_id) == (72, 72, 0, 0)
        assert {row["replay_outcome"] for row in refusals(database)} == {"stored"}

    def test_is_for_administrators_and_stands_in_the_audit(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        take_in(database, at, fast(fleet, at, 30))
        operator = Actor("user", 2, "Operator", roles=frozenset({OPERATOR}), parks=None)
        with pytest.raises(Forbidden), database.transaction() as session:
            service.replay_refusals(session, actor=operator, at=at, wanted=RefusalFilter())
        replay(database, at, LOOSE, rule="speed_impossible")
        with database.reading() as reader:
            entry = audit.list_entries(reader, viewer=ROOT)[0]
        assert entry["action"] == "telemetry.refusals_replayed"
        assert entry["detail"]["rule"] == "speed_impossible"
        assert entry["detail"]["stored"] == 1

    def test_leaves_alone_what_is_out_of_sight(self, database: Database, fleet: Fleet, at: datetime) -> None:
        take_in(database, at, fast(fleet, at, 30))
        elsewhere = Actor("user", 1, "Admin", roles=frozenset({ADMIN}), parks=frozenset({fleet.other_park_id}))
        with database.transaction() as session:
            report = service.replay_refusals(session, actor=elsewhere, at=at, wanted=RefusalFilter(), limits=LOOSE)
        assert report.judged == 0
        assert refusals(database)[0]["replayed_at"] is None


class TestARefusedPoint:
    def test_with_a_nul_is_kept_without_what_holds_it(self, database: Database, fleet: Fleet, at: datetime) -> None:
        odd = Reading(index=0, vehicle_id=fleet.vehicle_id, point=Point(ts=at, lat=0.0, lon=0.0, extra={"n": "a\0b"}))
        take_in(database, at, [odd])
        (row,) = refusals(database)
        assert (row["rule"], "extra" in row["point"]) == ("coordinates_null_island", False)

    def test_of_which_only_a_value_was_left_out_is_kept_but_never_judged_anew(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        point = Point(ts=at, lat=37.7, lon=-122.4, rpm=16_383.75)
        take_in(database, at, [Reading(index=0, vehicle_id=fleet.vehicle_id, point=point)])
        assert [(row["rule"], row["left_out"]) for row in refusals(database)] == [("rpm_impossible", ["rpm"])]
        assert replay(database, at, LOOSE).judged == 0


class TestTheCounts:
    def test_are_by_rule_by_source_and_by_whose_they_are(self, database: Database, fleet: Fleet, at: datetime) -> None:
        take_in(database, at, fast(fleet, at, 30, 20), [of_a_stranger(at)])
        replay(database, at, LOOSE, vehicle_id=fleet.vehicle_id)
        with database.reading() as reader:
            by = {
                side: queries.count_refusals_by(reader, viewer=ROOT, side=side, wanted=RefusalFilter())
                for side in ("rule", "source", "owner")
            }
        assert [(row["rule"], row["count"], row["open_count"]) for row in by["rule"]] == [
            ("speed_impossible", 2, 0),
            ("unknown_vehicle", 1, 1),
        ]
        assert [(row["source"], row["count"]) for row in by["source"]] == [("test", 3)]
        assert [(row["vehicle_id"], row["device_uid"], row["count"]) for row in by["owner"]] == [
            (fleet.vehicle_id, None, 2),
            (None, STRANGER, 1),
        ]


def claim(database: Database, fleet: Fleet, at: datetime) -> None:
    with database.transaction() as session:
        vehicles.note_unknown_device(
            session, actor=SYSTEM, at=at, device_uid=STRANGER, source="test", address="127.0.0.1"
        )
        vehicles.claim_device(
            session,
            actor=ROOT,
            at=at,
            source="test",
            vehicle_id=fleet.other_vehicle_id,
            tracker=NewTracker(device_uid=STRANGER),
        )
