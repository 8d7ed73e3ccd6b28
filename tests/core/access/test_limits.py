"""How much harm locks can do before somebody looks: the limits, the breaker, the hold."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.access import queries, service
from core.access.models import BrakeKind, Outcome, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.rules import Finish
from core.access.schemas import ImmobilizationOrder, JobState
from core.config import AccessLimits, AccessTiming
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid
from core.identity.service import Post
from core.permissions import OPERATOR, Actor, system
from tasks.notices import advance_due
from tests.conftest import ROOT, Fleet
from tests.core.access.cars import add_cars
from tests.orders import PLENTY, order_lock

WORKER, SCHEDULER = system("worker", "access:deliver"), system("scheduler", "access:advance")
SOMEBODY = Actor("user", 900, "Olga Operator", roles=frozenset({OPERATOR}), parks=None)
TIMING = AccessTiming()
POST = Post("https://erp.company.test", key=None)


@pytest.fixture
def cars(database: Database, fleet: Fleet, at: datetime) -> list[int]:
    """Three vehicles that can be locked."""
    return add_cars(database, fleet, at, how_many=3)


def order(database: Database, vehicle_id: int, at: datetime, limits: AccessLimits = PLENTY) -> uuid.UUID:
    with database.transaction() as session:
        return service.immobilize(
            session,
            actor=ROOT,
            at=at,
            vehicle_id=vehicle_id,
            order=ImmobilizationOrder(reason=Reason.SAFETY_LOCKDOWN),
            timing=TIMING,
            limits=limits,
        )


def arm(database: Database, vehicle_ids: list[int], at: datetime) -> list[uuid.UUID]:
    """Approved locks in the hands of a worker."""
    with database.transaction() as session:
        jobs = [order_lock(session, actor=ROOT, at=at, vehicle_id=vehicle_id) for vehicle_id in vehicle_ids]
    with database.transaction() as session:
        service.claim_open_jobs(session, actor=WORKER, at=at, worker="w", timing=TIMING)
    return jobs


def leaves(database: Database, job_id: uuid.UUID, at: datetime, limits: AccessLimits) -> bool:
    with database.transaction() as session:
        return service.begin_attempt(
            session, actor=WORKER, at=at, worker="w", job_id=job_id, number=1, timing=TIMING, limits=limits
        )


def on(database: Database) -> list[BrakeKind]:
    with database.reading() as reader:
        return [brake.kind for brake in queries.list_brakes(reader, viewer=ROOT)]


def limits(**changes: int) -> AccessLimits:
    named = {name: getattr(PLENTY, name) for name in AccessLimits.__slots__} | {"share_per_hour_percent": 1}
    return AccessLimits(**named | changes)


def reset(database: Database, at: datetime, kind: BrakeKind = BrakeKind.BREAKER) -> None:
    with database.transaction() as session:
        service.lift(session, actor=ROOT, at=at, kind=kind, why="All of them were meant")


class TestTheMinute:
    def test_lets_so_many_locks_leave_and_no_more(self, database: Database, cars: list[int], at: datetime) -> None:
        jobs = arm(database, cars[:3], at)
        assert [leaves(database, job, at, limits(locks_per_min=2)) for job in jobs] == [True, True, False]
        assert on(database) == []

    def test_holds_up_no_release(self, database: Database, cars: list[int], at: datetime) -> None:
        tight = limits(locks_per_min=1, least_per_hour=1)
        first, _ = arm(database, cars[:2], at)
        assert leaves(database, first, at, tight)
        with database.transaction() as session:
            release = service.release(session, actor=ROOT, at=at, vehicle_id=cars[1], timing=TIMING)
        with database.transaction() as session:
            service.claim_open_jobs(session, actor=WORKER, at=at, worker="w", timing=TIMING)
        assert leaves(database, release, at, tight)


class TestTheHour:
    def test_trips_the_breaker_when_one_more_wants_to_leave(
        self, database: Database, cars: list[int], at: datetime
    ) -> None:
        tight = limits(least_per_hour=2)
        jobs = arm(database, cars[:3], at)
        assert [leaves(database, job, at, tight) for job in jobs] == [True, True, False]
        assert on(database) == [BrakeKind.BREAKER]

    def test_is_watched_also_while_nobody_tries(self, database: Database, cars: list[int], at: datetime) -> None:
        tight = limits(least_per_hour=1)
        first, _ = arm(database, cars[:2], at)
        assert leaves(database, first, at, tight)
        watch(database, at, tight)
        assert on(database) == [BrakeKind.BREAKER]

    def test_does_not_trip_again_by_what_was_looked_at_at_the_reset(
        self, database: Database, cars: list[int], at: datetime
    ) -> None:
        tight = limits(least_per_hour=1)
        first, second = arm(database, cars[:2], at)
        assert leaves(database, first, at, tight)
        watch(database, at, tight)
        reset(database, at + timedelta(seconds=1))
        watch(database, at + timedelta(seconds=2), tight)
        assert on(database) == []
        assert not leaves(database, second, at + timedelta(seconds=2), tight)


def watch(database: Database, at: datetime, tight: AccessLimits) -> None:
    with database.transaction() as session:
        service.watch_share(session, actor=SCHEDULER, at=at, limits=tight)


class TestTheBreaker:
    def test_takes_the_order_that_trips_it_and_refuses_the_next(
        self, database: Database, cars: list[int], at: datetime
    ) -> None:
        tight = limits(breaker_orders_per_min=2)
        kept = [order(database, vehicle_id, at, tight) for vehicle_id in cars[:2]]
        assert on(database) == [BrakeKind.BREAKER]
        with pytest.raises(Conflict, match=r"breaker has tripped.*An administrator can lift that"):
            order(database, cars[2], at, tight)
        with database.reading() as reader:
            assert len(queries.list_approvals(reader, viewer=ROOT)) == len(kept)

    def test_is_good_again_once_reset(self, database: Database, cars: list[int], at: datetime) -> None:
        tight = limits(breaker_orders_per_min=2)
        for vehicle_id in cars[:2]:
            order(database, vehicle_id, at, tight)
        reset(database, at)
        order(database, cars[2], at + timedelta(seconds=1), tight)
        assert on(database) == []

    def test_trips_when_locks_are_sent_and_never_confirmed(
        self, database: Database, cars: list[int], at: datetime
    ) -> None:
        tight = limits(breaker_doubts=2)
        for job in arm(database, cars[:2], at):
            assert leaves(database, job, at, tight)
            with database.transaction() as session:
                service.record_answer(
                    session, actor=WORKER, at=at, job_id=job, number=1, outcome=Outcome.ACCEPTED, answer="accepted"
                )
                service.conclude(
                    session,
                    actor=WORKER,
                    at=at,
                    worker="w",
                    job_id=job,
                    finish=Finish(JobState.FAILED, "Not confirmed."),
                    limits=tight,
                )
        assert on(database) == [BrakeKind.BREAKER]


class TestTheHold:
    def test_stops_what_is_armed_and_what_is_ordered(self, database: Database, cars: list[int], at: datetime) -> None:
        (armed,) = arm(database, cars[:1], at)
        with database.transaction() as session:
            service.hold(session, actor=SOMEBODY, at=at, why="A list was wrong")
        assert not leaves(database, armed, at, PLENTY)
        with pytest.raises(Conflict, match=r"all of them are held \(A list was wrong\)"):
            order(database, cars[1], at)

    def test_stops_no_release(self, database: Database, cars: list[int], at: datetime) -> None:
        with database.transaction() as session:
            service.hold(session, actor=SOMEBODY, at=at, why="A list was wrong")
            release = service.release(session, actor=SOMEBODY, at=at, vehicle_id=cars[0], timing=TIMING)
        with database.transaction() as session:
            service.claim_open_jobs(session, actor=WORKER, at=at, worker="w", timing=TIMING)
        assert leaves(database, release, at, PLENTY)

    def test_is_lifted_by_an_administrator_with_a_reason(
        self, database: Database, cars: list[int], at: datetime
    ) -> None:
        (armed,) = arm(database, cars[:1], at)
        with database.transaction() as session:
            service.hold(session, actor=SOMEBODY, at=at, why="A list was wrong")
        with database.transaction() as session, pytest.raises(Forbidden):
            service.lift(session, actor=SOMEBODY, at=at, kind=BrakeKind.HOLD, why="It was right after all")
        with database.transaction() as session, pytest.raises(Invalid):
            service.lift(session, actor=ROOT, at=at, kind=BrakeKind.HOLD, why=" ")
        reset(database, at, BrakeKind.HOLD)
        assert leaves(database, armed, at, PLENTY)

    def test_is_one_hold_however_many_put_it_on(self, database: Database, cars: list[int], at: datetime) -> None:
        for _ in range(2):
            with database.transaction() as session:
                service.hold(session, actor=SOMEBODY, at=at, why="A list was wrong")
        assert on(database) == [BrakeKind.HOLD]


class TestARequestNobodyApproves:
    def test_ends_in_an_hour_and_says_so(self, database: Database, cars: list[int], at: datetime) -> None:
        job_id = order(database, cars[0], at)
        for minutes in (59, 60, 120):
            advance_due(database, at=at + timedelta(minutes=minutes), timing=TIMING, post=POST)
        with database.reading() as reader:
            job = queries.get_job(reader, viewer=ROOT, vehicle_id=cars[0], job_id=job_id)
        assert (job.state, job.finished_at) == (JobState.EXPIRED, at + timedelta(minutes=60))
        assert job.verdict is not None
        assert job.verdict.startswith("Nobody approved it in time.")

    def test_is_never_sent(self, database: Database, cars: list[int], at: datetime) -> None:
        job_id = order(database, cars[0], at)
        with database.transaction() as session:
            assert service.claim_open_jobs(session, actor=WORKER, at=at, worker="w", timing=TIMING) == []
        assert not leaves(database, job_id, at, PLENTY)

    def test_cannot_be_sent_by_a_database_that_was_told_to(
        self, database: Database, cars: list[int], at: datetime
    ) -> None:
        job_id = order(database, cars[0], at)
        with (
            pytest.raises(sa.exc.IntegrityError, match="lock_is_approved"),
            database.transaction() as session,
        ):
            session.execute(sa.update(Job).where(Job.id == job_id).values(state=JobState.ARMED))
