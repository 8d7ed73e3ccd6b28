"""One worker's hands on an order, with a gateway that tells what it was asked."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from core import clock
from core.access import queries, service
from core.access.delivery import HANDS, Delivery
from core.access.gateway import Answer, Command, GatewayDown, Outputs, Relay
from core.access.models import JobState, OrderKind, Outcome, Reason
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.db import Database
from core.permissions import DEVICE, Actor, system
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles.models import RelayGateway
from tests.conftest import ROOT, Fleet
from tests.core.access.cars import add_cars
from tests.orders import PLENTY, order_lock

WORKER = system("worker")
DEVICES = Actor("device", None, "devices", roles=frozenset({DEVICE}), parks=None)
TIMING = AccessTiming()
HOLDING = 0b1
RELEASED = "860000000000100"


@dataclass
class Gateway:
    """A platform whose relay holds, and which may answer late or not at all."""

    down_for: int = 0
    asked: int = 0
    sent: list[OrderKind] = field(default_factory=list)

    def send(self, command: Command) -> Answer:
        self.sent.append(command.kind)
        return Answer(Outcome.ACCEPTED, "accepted")

    def was_logged(self, command: Command) -> bool:
        return True

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        self.asked += 1
        if self.asked <= self.down_for:
            raise GatewayDown("no answer")
        return {relay.device_uid: Outputs(HOLDING, clock.now()) for relay in relays}


@dataclass
class HangingGateway(Gateway):
    """A platform that takes in a lock only once it has taken in a release."""

    released: threading.Event = field(default_factory=threading.Event)
    gave_up: int = 0

    def send(self, command: Command) -> Answer:
        if command.kind is OrderKind.RELEASE:
            self.released.set()
        elif not self.released.wait(20):
            self.gave_up += 1
        return super().send(command)

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        holding = {relay.device_uid: Outputs(HOLDING, clock.now()) for relay in relays}
        return holding | {uid: Outputs(0, clock.now()) for uid in holding if uid == RELEASED}


@pytest.fixture
def overtaken(database: Database, fleet: Fleet) -> uuid.UUID:
    """A lock whose command left five seconds ago by the hands of a worker that has died since."""
    began = clock.now() - timedelta(seconds=5)
    for ago in (30, 0, -5):
        point = Point(ts=began - timedelta(seconds=ago), speed_kmh=0.0, ignition=False)
        reading = Reading(index=0, vehicle_id=fleet.vehicle_id, point=point)
        with database.transaction() as session:
            telemetry.ingest(session, actor=DEVICES, at=point.ts, source="test", readings=[reading])
    with database.transaction() as session:
        order = ImmobilizationOrder(reason=Reason.THEFT)
        job_id = order_lock(session, actor=ROOT, at=began, vehicle_id=fleet.vehicle_id, order=order)
    with database.transaction() as session:
        service.claim_open_jobs(session, actor=WORKER, at=began, worker="dead", timing=TIMING)
        assert service.begin_attempt(
            session, actor=WORKER, at=began, worker="dead", job_id=job_id, number=1, timing=TIMING, limits=PLENTY
        )
    with database.transaction() as session:
        service.record_answer(
            session, actor=WORKER, at=began, job_id=job_id, number=1, outcome=Outcome.ACCEPTED, answer="accepted"
        )
    return job_id


class TestAWorkerThatTakesALockOver:
    def test_asks_what_the_relay_does_before_it_locks_again(
        self, database: Database, fleet: Fleet, overtaken: uuid.UUID
    ) -> None:
        gateway = Gateway(down_for=2)
        Delivery(
            database.transaction, {RelayGateway.VIALON_RELAY: gateway}, clock.now, TIMING, PLENTY, "heir"
        ).run_until_idle()
        with database.reading() as reader:
            job = queries.get_job(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, job_id=overtaken)
        assert job.state is JobState.CONFIRMED
        assert gateway.sent == []


class TestARelease:
    def test_does_not_queue_behind_locks_that_hang(self, database: Database, fleet: Fleet) -> None:
        at = clock.now()
        cars = add_cars(database, fleet, at, how_many=HANDS[OrderKind.IMMOBILIZE] + 3)
        with database.transaction() as session:
            for vehicle_id in cars[1:]:
                order_lock(session, actor=ROOT, at=at, vehicle_id=vehicle_id)
        gateway = HangingGateway()
        delivery = Delivery(
            database.transaction, {RelayGateway.VIALON_RELAY: gateway}, clock.now, TIMING, PLENTY, "worker"
        )
        at_work = threading.Thread(target=delivery.run_until_idle)
        at_work.start()
        while not started(database, cars):
            time.sleep(0.01)
        with database.transaction() as session:
            service.release(session, actor=ROOT, at=clock.now(), vehicle_id=cars[0], timing=TIMING)
        at_work.join(60)
        assert gateway.gave_up == 0
        assert gateway.sent[0] is OrderKind.RELEASE


def started(database: Database, vehicle_ids: list[int]) -> bool:
    """Whether as many locks have left as there are hands for."""
    with database.reading() as reader:
        jobs = [job for car in vehicle_ids for job in queries.list_jobs(reader, viewer=ROOT, vehicle_id=car)]
    return len([job for job in jobs if job.started_at]) >= HANDS[OrderKind.IMMOBILIZE]
