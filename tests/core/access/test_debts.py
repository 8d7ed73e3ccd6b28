"""What a driver owes, told in any order, and what it stops: never a command after a payment."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.access import rules, service
from core.access.models import Debt, ImmobilizationAttempt, JobState, Jurisdiction, OrderKind, Outcome, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.schemas import Plan, ToldDebt
from core.db import Database
from core.drivers import service as drivers
from core.drivers.models import AssignmentKind
from core.drivers.schemas import NewDriver
from core.errors import Conflict, Invalid, NotFound
from core.permissions import ADMIN, Actor
from tests.conftest import ROOT, Fleet
from tests.core.access.fair import DAY, TIMING, WORKER, Debtor
from tests.core.access.test_steps import begin, claim, report
from tests.orders import PLENTY

SECOND = timedelta(seconds=1)


@pytest.fixture
def debtor(database: Database, fleet: Fleet, at: datetime) -> Debtor:
    return Debtor(database, fleet, at)


class TestADebt:
    def test_is_what_was_true_last_however_it_arrives(self, debtor: Debtor, at: datetime) -> None:
        assert debtor.tell(as_of=at - 2 * SECOND) is True
        assert debtor.tell(as_of=at - 2 * SECOND) is False
        assert debtor.pay(as_of=at) is True
        assert debtor.tell(as_of=at - SECOND) is False
        known = debtor.known()
        assert known is not None
        assert (known.owed_minor, known.as_of) == (0, at)

    def test_is_not_two_things_at_the_same_moment(self, debtor: Debtor, at: datetime) -> None:
        debtor.tell(as_of=at)
        with pytest.raises(Conflict, match="same moment"):
            debtor.pay(as_of=at)

    def test_must_be_possible(self, debtor: Debtor, at: datetime) -> None:
        for wrong in ({"owed_minor": 0}, {"overdue_since": None}, {"overdue_since": at + DAY}):
            with pytest.raises(Invalid):
                debtor.tell(**wrong)

    def test_of_a_driver_out_of_sight_is_of_nobody(self, debtor: Debtor, database: Database, at: datetime) -> None:
        elsewhere = Actor("user", 99, "Other", roles=frozenset({ADMIN}), parks=frozenset({debtor.fleet.other_park_id}))
        with pytest.raises(NotFound), database.transaction() as session:
            service.note_debt(
                session,
                actor=elsewhere,
                at=at,
                driver_id=debtor.fleet.driver_id,
                debt=ToldDebt(owed_minor=0, currency="USD", plan=Plan.WEEKLY, overdue_since=None, as_of=at),
                timing=TIMING,
            )


class TestAnOrderForDebt:
    def test_is_refused_while_nothing_is_overdue(self, debtor: Debtor, at: datetime) -> None:
        with pytest.raises(Conflict, match="Nothing is overdue"):
            debtor.lock()
        debtor.tell(overdue_since=at - 4 * DAY)
        with pytest.raises(Conflict, match="5 full days"):
            debtor.lock()

    @pytest.mark.parametrize("settled", [{"owed_minor": 0, "overdue_since": None}, "promised_until", "disputed_at"])
    def test_is_cancelled_at_once_when_it_is_paid_promised_or_disputed(
        self, debtor: Debtor, at: datetime, settled: dict[str, object] | str
    ) -> None:
        debtor.tell()
        job_id = debtor.lock()
        told = {settled: at + DAY} if isinstance(settled, str) else settled
        debtor.tell(as_of=at + SECOND, **told)
        job = debtor.job(job_id)
        assert job.state is JobState.CANCELLED
        assert (job.verdict or "").startswith("No longer")

    def test_stays_for_as_long_as_more_is_told_of_the_same_debt(self, debtor: Debtor, at: datetime) -> None:
        debtor.tell()
        job_id = debtor.lock()
        debtor.tell(as_of=at + SECOND, owed_minor=24_000)
        assert debtor.job(job_id).state is JobState.NOTIFIED

    def test_of_another_reason_is_not_concerned(self, debtor: Debtor, at: datetime) -> None:
        debtor.tell()
        job_id = debtor.lock(Reason.MAINTENANCE)
        debtor.pay(as_of=at + SECOND)
        assert debtor.job(job_id).state is JobState.ARMED

    def test_is_cancelled_when_another_driver_has_the_vehicle(
        self, debtor: Debtor, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        debtor.tell()
        job_id = debtor.lock()
        with database.transaction() as session:
            drivers.end_assignment(session, actor=ROOT, at=at, driver_id=fleet.driver_id)
            other = drivers.register_driver(
                session, actor=ROOT, at=at, new=NewDriver(name="Bo", phone="+14155550101", park_id=fleet.park_id)
            )
            drivers.assign_vehicle(
                session,
                actor=ROOT,
                at=at,
                driver_id=other,
                vehicle_id=fleet.vehicle_id,
                kind=AssignmentKind.SHIFT,
                starts_at=at + SECOND,
                ends_at=None,
            )
        debtor.advance(at + 2 * SECOND)
        assert debtor.job(job_id).state is JobState.CANCELLED
        assert "Another driver" in (debtor.job(job_id).verdict or "")


class TestAVehicleLockedForDebt:
    def test_is_released_by_the_payment(self, debtor: Debtor, database: Database) -> None:
        job_id, armed = locked(debtor, Reason.DEBT)
        debtor.pay(as_of=armed + SECOND)
        release = only_release(database)
        assert release is not None
        assert (release.reason, release.state) == (Reason.PAYMENT, JobState.ARMED)
        assert debtor.job(job_id).state is JobState.CONFIRMED

    def test_is_released_once(self, debtor: Debtor, database: Database) -> None:
        _, armed = locked(debtor, Reason.DEBT)
        debtor.pay(as_of=armed + SECOND)
        debtor.pay(as_of=armed + 2 * SECOND)
        assert only_release(database) is not None

    def test_stays_when_it_was_not_for_debt(self, debtor: Debtor, database: Database) -> None:
        _, armed = locked(debtor, Reason.MAINTENANCE)
        debtor.pay(as_of=armed + SECOND)
        assert only_release(database) is None

    def test_is_released_while_its_command_is_on_the_way(self, debtor: Debtor, database: Database) -> None:
        job_id, armed = sent(debtor, Reason.DEBT)
        debtor.pay(as_of=armed + SECOND)
        assert debtor.job(job_id).state is JobState.CANCELLED
        assert only_release(database) is not None


class TestAPaymentAndACommandAtTheSameMoment:
    def test_never_leave_a_command_after_the_payment(self, debtor: Debtor, database: Database, at: datetime) -> None:
        write_law_without_warnings(database, at)
        assert race(debtor, database, at, "pay first") is False
        assert race(debtor, database, at + timedelta(minutes=1), "send first") is True
        for number in range(2, 14):
            race(debtor, database, at + timedelta(minutes=number), "together")

    def test_makes_the_command_wait_for_a_payment_that_has_not_committed(
        self, debtor: Debtor, database: Database, at: datetime
    ) -> None:
        write_law_without_warnings(database, at)
        job_id = make_ready_to_send(debtor, database, at)
        with ThreadPoolExecutor(1) as threads:
            # The order is not in the hands of this payment, as one that was given while it was on its way.
            with database.transaction() as session:
                session.execute(sa.update(Debt).values(owed_minor=0, overdue_since=None))
                left = threads.submit(begin, database, job_id, at + SECOND)
                wait_until_somebody_waits(database)
            assert left.result(30) is False


def wait_until_somebody_waits(database: Database) -> None:
    """Until a transaction waits for another's row."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
    with database.reading() as reader:
        for _ in range(600):
            if reader.execute(waiting).scalar_one():
                return
            time.sleep(0.01)
    raise AssertionError("nobody waited")


def sent(debtor: Debtor, reason: Reason) -> tuple[uuid.UUID, datetime]:
    """A lock whose first command has just left, and when."""
    debtor.tell()
    job_id = debtor.lock(reason)
    armed = debtor.arm(job_id) if reason is Reason.DEBT else debtor.at
    for ago in (30, 0):
        report(debtor.database, debtor.fleet, armed - ago * SECOND, 0.0)
    claim(debtor.database, armed)
    assert begin(debtor.database, job_id, armed)
    return job_id, armed


def locked(debtor: Debtor, reason: Reason) -> tuple[uuid.UUID, datetime]:
    """A lock that the vehicle has confirmed, and when its command left."""
    job_id, armed = sent(debtor, reason)
    with debtor.database.transaction() as session:
        service.record_answer(
            session, actor=WORKER, at=armed, job_id=job_id, number=1, outcome=Outcome.ACCEPTED, answer="{}"
        )
        service.conclude(
            session,
            actor=WORKER,
            at=armed,
            worker="w",
            job_id=job_id,
            finish=rules.Finish(JobState.CONFIRMED, "It holds.", rules.RelayReading(True, armed, "telemetry")),
            limits=PLENTY,
        )
    return job_id, armed


def only_release(database: Database) -> Job | None:
    with database.transaction() as session:
        return session.scalars(sa.select(Job).where(Job.kind == OrderKind.RELEASE)).one_or_none()


def write_law_without_warnings(database: Database, at: datetime) -> None:
    """No law is so, and the editor would not take it: here it lets a lock go on the road without three days' grace."""
    with database.transaction() as session:
        law = session.get_one(Jurisdiction, ("default", 1))
        debt = {**law.rules["debt"], "warnings_weekly": [], "warnings_other": []}
        session.add(
            Jurisdiction(
                code="unwarned",
                version=1,
                name="None",
                source="None",
                rules={**law.rules, "debt": debt},
                written_by="a test",
                written_at=at,
                why="A test.",
            )
        )


def make_ready_to_send(debtor: Debtor, database: Database, at: datetime) -> uuid.UUID:
    """The only open order: a lock for debt, approved and safe, in the hands of worker `w`."""
    debtor.tell(as_of=at)
    with database.transaction() as session:
        session.execute(sa.update(Job).where(Job.finished_at.is_(None)).values(state="cancelled", finished_at=at))
        job = Job(
            vehicle_id=debtor.fleet.vehicle_id,
            kind=OrderKind.IMMOBILIZE,
            method="vialon_relay",
            reason=Reason.DEBT,
            ordered_by_kind="user",
            ordered_by_id=1,
            ordered_by="A",
            ordered_at=at,
            state=JobState.ARMED,
            driver_id=debtor.fleet.driver_id,
            jurisdiction="unwarned",
            jurisdiction_version=1,
            approved_by_kind="user",
            approved_by_id=2,
            approved_by="B",
            approved_at=at,
            armed_at=at,
            expires_at=at + timedelta(minutes=15),
        )
        session.add(job)
        session.flush()
        job_id = job.id
    for ago in (30, 0):
        report(database, debtor.fleet, at - ago * SECOND, 0.0)
    claim(database, at)
    return job_id


def race(debtor: Debtor, database: Database, at: datetime, order: str) -> bool:
    """One round: whether the command left. If it did, a release follows it; if not, nothing was sent at all."""
    job_id = make_ready_to_send(debtor, database, at)
    left: list[bool] = []

    def send() -> None:
        left.append(begin(database, job_id, at + SECOND))

    def pay() -> None:
        debtor.pay(as_of=at + SECOND)

    if order == "together":
        together(send, pay)
    else:
        for step in (pay, send) if order == "pay first" else (send, pay):
            step()
    with database.transaction() as session:
        attempts = session.scalar(
            sa.select(sa.func.count()).select_from(ImmobilizationAttempt).where(ImmobilizationAttempt.job_id == job_id)
        )
        open_kinds = session.scalars(sa.select(Job.kind).where(Job.finished_at.is_(None))).all()
    assert attempts == (1 if left[0] else 0)
    assert open_kinds == ([OrderKind.RELEASE] if left[0] else [])
    assert debtor.job(job_id).state is JobState.CANCELLED
    return left[0]


def together(*steps: Callable[[], None]) -> None:
    """Each in a thread of its own, let go at the same moment."""
    barrier = threading.Barrier(len(steps), timeout=30)

    def run(step: Callable[[], None]) -> None:
        barrier.wait()
        step()

    with ThreadPoolExecutor(len(steps)) as threads:
        for done in [threads.submit(run, step) for step in steps]:
            done.result(30)
