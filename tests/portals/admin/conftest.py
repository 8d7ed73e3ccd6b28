"""What the console's tests set up: reports of a vehicle, and orders carried to where a test wants them."""

import uuid
from datetime import timedelta

import pytest

from core import clock
from core.access import rules, service
from core.access.models import JobState, Outcome, Reason
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.permissions import ADMIN, Actor, system
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from tests.orders import PLENTY, order_lock

TIMING = AccessTiming()
WORKER = system("worker")


@pytest.fixture
def report(database):
    """Let a vehicle report: the same values for the last half minute, every five seconds."""

    def told(vehicle_id, **measured):
        now = clock.now()
        ages = range(30, -1, -5)
        readings = [
            Reading(index=i, vehicle_id=vehicle_id, point=Point(ts=now - timedelta(seconds=age), **measured))
            for i, age in enumerate(ages)
        ]
        # One batch for each moment, received when it was measured: standing is counted by receipt too.
        for age, reading in zip(ages, readings, strict=True):
            with database.transaction() as session:
                telemetry.ingest(
                    session, actor=WORKER, at=now - timedelta(seconds=age), source="wialon_ips", readings=[reading]
                )

    return told


@pytest.fixture
def order(database, fleet):
    """Order the immobilization of the first vehicle, as the administrator."""

    def ordered(note="") -> uuid.UUID:
        admin = Actor("user", fleet.user_ids["admin"], "Admin", roles=frozenset({ADMIN}), parks=None)
        with database.transaction() as session:
            return order_lock(
                session,
                actor=admin,
                at=clock.now(),
                vehicle_id=fleet.vehicle_id,
                order=ImmobilizationOrder(reason=Reason.THEFT, note=note),
            )

    return ordered


@pytest.fixture
def send(database):
    """Let the first command of an order leave, and be accepted."""

    def sent(job_id) -> None:
        with database.transaction() as session:
            worker = {"actor": WORKER, "at": clock.now(), "worker": "w1", "timing": TIMING}
            service.claim_open_jobs(session, **worker)
            assert service.begin_attempt(session, **worker, job_id=job_id, number=1, limits=PLENTY)
            service.record_answer(
                session,
                actor=WORKER,
                at=clock.now(),
                job_id=job_id,
                number=1,
                outcome=Outcome.ACCEPTED,
                answer="{} from the gateway",
            )

    return sent


@pytest.fixture
def conclude(database):
    """Let an order that was sent come to its verdict."""

    def concluded(job_id, state=JobState.CONFIRMED, verdict="The vehicle is immobilized: its relay holds.") -> None:
        proof = rules.RelayReading(True, clock.now(), "gateway")
        finish = rules.Finish(state, verdict, proof if state is JobState.CONFIRMED else None)
        with database.transaction() as session:
            service.claim_open_jobs(session, actor=WORKER, at=clock.now(), worker="w1", timing=TIMING)
            service.conclude(
                session, actor=WORKER, at=clock.now(), worker="w1", job_id=job_id, finish=finish, limits=PLENTY
            )

    return concluded
