"""The last look before a command leaves, under the lock of the order's row."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest

from core.access import service
from core.access.models import Outcome
from core.config import AccessTiming
from core.db import Database
from core.permissions import DEVICE, Actor, system
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from tests.conftest import ROOT, Fleet
from tests.orders import PLENTY, order_lock

WORKER = system("worker")
DEVICES = Actor("device", None, "devices", roles=frozenset({DEVICE}), parks=None)
TIMING = AccessTiming()


def report(database: Database, fleet: Fleet, ts: datetime, speed_kmh: float) -> None:
    point = Point(ts=ts, speed_kmh=speed_kmh, ignition=speed_kmh > 0)
    with database.transaction() as session:
        telemetry.ingest(
            session,
            actor=DEVICES,
            at=ts,
            source="test",
            readings=[Reading(index=0, vehicle_id=fleet.vehicle_id, point=point)],
        )


def begin(database: Database, job_id: uuid.UUID, at: datetime, *, worker: str = "w", number: int = 1) -> bool:
    with database.transaction() as session:
        return service.begin_attempt(
            session, actor=WORKER, at=at, worker=worker, job_id=job_id, number=number, timing=TIMING, limits=PLENTY
        )


def claim(database: Database, at: datetime, worker: str = "w") -> list[service.Claim]:
    with database.transaction() as session:
        return service.claim_open_jobs(session, actor=WORKER, at=at, worker=worker, timing=TIMING)


@pytest.fixture
def order(database: Database, fleet: Fleet, at: datetime) -> uuid.UUID:
    """An order for a vehicle that has stood for half a minute, in the hands of worker `w`."""
    for seconds_ago in (30, 0):
        report(database, fleet, at - timedelta(seconds=seconds_ago), 0.0)
    with database.transaction() as session:
        job_id = order_lock(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id)
    assert len(claim(database, at)) == 1
    return job_id


class TestACommand:
    def test_leaves_when_all_still_holds(self, database: Database, order: uuid.UUID, at: datetime) -> None:
        assert begin(database, order, at) is True

    def test_stays_when_the_vehicle_has_set_off_since_the_decision(
        self, database: Database, fleet: Fleet, order: uuid.UUID, at: datetime
    ) -> None:
        report(database, fleet, at + timedelta(seconds=1), 12.0)
        assert begin(database, order, at + timedelta(seconds=1)) is False

    def test_stays_when_the_order_was_cancelled(
        self, database: Database, fleet: Fleet, order: uuid.UUID, at: datetime
    ) -> None:
        with database.transaction() as session:
            service.cancel(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, job_id=order)
        assert begin(database, order, at) is False

    def test_stays_when_another_worker_has_taken_over(self, database: Database, order: uuid.UUID, at: datetime) -> None:
        later = at + timedelta(seconds=TIMING.claim_s + 1)
        assert len(claim(database, later, "other")) == 1
        assert begin(database, order, later) is False

    def test_stays_when_its_number_has_left_already(self, database: Database, order: uuid.UUID, at: datetime) -> None:
        assert begin(database, order, at) is True
        assert begin(database, order, at) is False


class TestAnOrder:
    def test_is_in_the_hands_of_one_worker_at_a_time(self, database: Database, order: uuid.UUID, at: datetime) -> None:
        assert claim(database, at + timedelta(seconds=1), "other") == []

    def test_keeps_the_gateways_own_answer_against_a_later_look_into_the_log(
        self, database: Database, order: uuid.UUID, at: datetime
    ) -> None:
        begin(database, order, at)
        for outcome in (Outcome.ACCEPTED, Outcome.NEVER_ARRIVED):
            with database.transaction() as session:
                service.record_answer(session, actor=WORKER, at=at, job_id=order, number=1, outcome=outcome, answer="…")
        (held,) = claim(database, at)
        assert held.job.attempts[0].outcome is Outcome.ACCEPTED
