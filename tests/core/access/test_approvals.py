"""The second person: who may approve a lock, what waits for them, and what could not wait and is reviewed."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core import audit
from core.access import queries, service
from core.access.models import Finding, JobState, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.queries import JobRecord
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import ADMIN, OPERATOR, Actor
from tests.conftest import Fleet
from tests.orders import PLENTY

TIMING = AccessTiming()
FIRST = Actor("user", 901, "Ada First", roles=frozenset({ADMIN}), parks=None)
SECOND = Actor("user", 902, "Bo Second", roles=frozenset({ADMIN}), parks=None)
MACHINE = Actor("client", 903, "A machine", grants=frozenset({"access:approve", "access:immobilize"}), parks=None)
OPERATES = Actor("user", 904, "Olga Operator", roles=frozenset({OPERATOR}), parks=None)


def order(
    database: Database,
    fleet: Fleet,
    at: datetime,
    *,
    by: Actor = FIRST,
    reason: Reason = Reason.SAFETY_LOCKDOWN,
    break_glass: bool = False,
) -> uuid.UUID:
    with database.transaction() as session:
        return service.immobilize(
            session,
            actor=by,
            at=at,
            vehicle_id=fleet.vehicle_id,
            order=ImmobilizationOrder(reason=reason, break_glass=break_glass),
            timing=TIMING,
            limits=PLENTY,
        )


def approve(database: Database, fleet: Fleet, at: datetime, job_id: uuid.UUID, *, by: Actor = SECOND) -> None:
    with database.transaction() as session:
        service.approve(session, actor=by, at=at, vehicle_id=fleet.vehicle_id, job_id=job_id, timing=TIMING)


def read(database: Database, fleet: Fleet, job_id: uuid.UUID) -> JobRecord:
    with database.reading() as reader:
        return queries.get_job(reader, viewer=FIRST, vehicle_id=fleet.vehicle_id, job_id=job_id)


def cancel(database: Database, fleet: Fleet, at: datetime, job_id: uuid.UUID) -> None:
    with database.transaction() as session:
        service.cancel(session, actor=OPERATES, at=at, vehicle_id=fleet.vehicle_id, job_id=job_id)


def review(
    database: Database, fleet: Fleet, at: datetime, job_id: uuid.UUID, *, by: Actor = SECOND, note: str = "As it was"
) -> None:
    with database.transaction() as session:
        service.review(
            session,
            actor=by,
            at=at,
            vehicle_id=fleet.vehicle_id,
            job_id=job_id,
            finding=Finding.UNJUSTIFIED,
            note=note,
        )


class TestALock:
    def test_waits_for_a_second_person_for_an_hour(self, database: Database, fleet: Fleet, at: datetime) -> None:
        job = read(database, fleet, order(database, fleet, at))
        assert (job.state, job.status, job.waiting_for) == (
            JobState.REQUESTED,
            "pending",
            "a second person to approve it",
        )
        assert job.expires_at == at + timedelta(hours=1)
        assert job.decision is not None
        assert (job.decision["version"], job.decision["code"]) == (2, "approval")
        assert job.decision["inputs"]["vehicle"]["speed_kmh"] is None

    def test_is_armed_by_the_second_person_and_its_time_begins_then(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        job_id = order(database, fleet, at)
        later = at + timedelta(minutes=50)
        approve(database, fleet, later, job_id)
        job = read(database, fleet, job_id)
        assert (job.state, job.approved_by, job.approved_at) == (JobState.ARMED, "Bo Second", later)
        assert job.expires_at == later + timedelta(seconds=TIMING.arm_for_s)

    @pytest.mark.parametrize("through_an_app", [False, True])
    def test_is_not_approved_by_who_ordered_it(
        self, database: Database, fleet: Fleet, at: datetime, through_an_app: bool
    ) -> None:
        app = replace(FIRST.through(["access:immobilize", "access:approve"]), client_id="app")
        job_id = order(database, fleet, at, by=app if through_an_app else FIRST)
        for who in (FIRST, app):
            with pytest.raises(Forbidden, match="somebody else must approve it"):
                approve(database, fleet, at, job_id, by=who)
        assert read(database, fleet, job_id).state is JobState.REQUESTED

    def test_is_not_approved_by_a_machine(self, database: Database, fleet: Fleet, at: datetime) -> None:
        job_id = order(database, fleet, at)
        with pytest.raises(Forbidden, match="Only a person may approve"):
            approve(database, fleet, at, job_id, by=MACHINE)

    def test_is_not_approved_without_the_right_or_from_out_of_sight(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        job_id = order(database, fleet, at)
        with pytest.raises(Forbidden, match="access:approve"):
            approve(database, fleet, at, job_id, by=OPERATES)
        with pytest.raises(NotFound):
            approve(database, fleet, at, job_id, by=replace(SECOND, parks=frozenset({fleet.other_park_id})))

    def test_is_not_approved_too_late_or_twice(self, database: Database, fleet: Fleet, at: datetime) -> None:
        job_id = order(database, fleet, at)
        with pytest.raises(Conflict, match="Nobody approved it in time"):
            approve(database, fleet, at + timedelta(hours=1), job_id)
        approve(database, fleet, at, job_id)
        with pytest.raises(Conflict, match="does not wait for an approval"):
            approve(database, fleet, at, job_id)

    def test_ends_when_it_is_declined(self, database: Database, fleet: Fleet, at: datetime) -> None:
        job_id = order(database, fleet, at)
        for note, refusal in (("  ", Invalid), ("The driver has paid", None)):
            with database.transaction() as session:
                said = {"actor": SECOND, "at": at, "vehicle_id": fleet.vehicle_id, "job_id": job_id, "note": note}
                if refusal is None:
                    service.decline(session, **said)
                else:
                    with pytest.raises(refusal):
                        service.decline(session, **said)
        job = read(database, fleet, job_id)
        assert (job.state, job.verdict) == (JobState.CANCELLED, "Declined by Bo Second: The driver has paid")

    def test_is_overtaken_by_a_release_while_it_waits(self, database: Database, fleet: Fleet, at: datetime) -> None:
        job_id = order(database, fleet, at)
        with database.transaction() as session:
            service.release(session, actor=OPERATES, at=at, vehicle_id=fleet.vehicle_id, timing=TIMING)
        assert read(database, fleet, job_id).verdict == "Overtaken by a release."

    @pytest.mark.parametrize(
        "changes",
        [
            {"approved_by_id": FIRST.id},
            {"approved_by_kind": "client"},
            {"approved_by_id": None},
        ],
    )
    def test_cannot_be_written_with_a_wrong_second_person(
        self, database: Database, fleet: Fleet, at: datetime, changes: dict[str, object]
    ) -> None:
        job_id = order(database, fleet, at)
        right = {"approved_by_kind": "user", "approved_by_id": SECOND.id, "approved_by": "x", "approved_at": at}
        with pytest.raises(sa.exc.IntegrityError, match="second_person"), database.transaction() as session:
            session.execute(sa.update(Job).where(Job.id == job_id).values(right | changes))


class TestBreakGlass:
    @pytest.mark.parametrize("reason", [Reason.THEFT, Reason.POLICE])
    def test_goes_on_the_road_at_once_and_is_to_be_reviewed_within_a_day(
        self, database: Database, fleet: Fleet, at: datetime, reason: Reason
    ) -> None:
        job = read(database, fleet, order(database, fleet, at, reason=reason, break_glass=True))
        assert (job.state, job.approved_at) == (JobState.ARMED, None)
        assert job.review_due_at == at + timedelta(days=1)

    @pytest.mark.parametrize("reason", [Reason.DEBT, Reason.SAFETY_LOCKDOWN, Reason.CONTRACT_ENDED, Reason.MAINTENANCE])
    def test_is_for_theft_and_police_alone(
        self, database: Database, fleet: Fleet, at: datetime, reason: Reason
    ) -> None:
        with pytest.raises(Invalid, match="theft and police alone"):
            order(database, fleet, at, reason=reason, break_glass=True)

    def test_is_reviewed_once_it_is_over_by_somebody_else_and_once(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        job_id = order(database, fleet, at, reason=Reason.THEFT, break_glass=True)
        with pytest.raises(Conflict, match="still on its way"):
            review(database, fleet, at, job_id)
        cancel(database, fleet, at, job_id)
        with database.reading() as reader:
            assert [job.id for job in queries.list_reviews(reader, viewer=SECOND)] == [job_id]
        with pytest.raises(Forbidden, match="somebody else must review it"):
            review(database, fleet, at, job_id, by=FIRST)
        with pytest.raises(Invalid):
            review(database, fleet, at, job_id, note="")
        review(database, fleet, at, job_id)
        with pytest.raises(Conflict, match="Bo Second has reviewed it already: unjustified"):
            review(database, fleet, at, job_id)
        with database.reading() as reader:
            assert queries.list_reviews(reader, viewer=SECOND) == []
            trail = audit.list_entries(reader, viewer=SECOND, subject=("immobilization", job_id))
        assert trail[0]["action"] == "access.immobilize_reviewed"

    def test_is_all_that_is_reviewed(self, database: Database, fleet: Fleet, at: datetime) -> None:
        job_id = order(database, fleet, at)
        cancel(database, fleet, at, job_id)
        with pytest.raises(Conflict, match="only orders by break-glass are reviewed"):
            review(database, fleet, at, job_id)
