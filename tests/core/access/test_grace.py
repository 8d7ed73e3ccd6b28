"""From the approval to the end of the grace: told, seen to be told, waited for, and never a surprise."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from core.access import queries, service
from core.access.models import Channel, JobState, Notice, Reason
from core.access.rules import Warning
from core.access.rules.law import NewLaw
from core.access.schemas import ImmobilizationOrder
from core.audit import AuditEntry
from core.db import Database
from core.errors import Conflict
from core.identity.models import Letter
from core.identity.service import Post
from core.permissions import ADMIN, Actor
from tests.conftest import ROOT, Fleet
from tests.core.access.fair import DAY, TIMING, Debtor
from tests.orders import PLENTY

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
ADMINISTRATOR = Actor("user", 1, "Admin", roles=frozenset({ADMIN}), parks=None)


@pytest.fixture
def debtor(database: Database, fleet: Fleet, at: datetime) -> Debtor:
    made = Debtor(database, fleet, at)
    made.tell()
    return made


def told(database: Database) -> dict[Channel, datetime | None]:
    with database.transaction() as session:
        return {notice.channel: notice.told_at for notice in session.scalars(sa.select(Notice))}


def settle(database: Database, *, sent_at: datetime | None, problem: str | None = None) -> None:
    with database.transaction() as session:
        session.execute(sa.update(Letter).values(sent_at=sent_at, problem=problem, next_at=None, sealed_text=None))


class TestAWarning:
    def test_is_begun_once_on_the_page_and_by_letter(self, debtor: Debtor, database: Database, at: datetime) -> None:
        debtor.lock()
        for _ in range(3):
            debtor.advance(at)
        assert told(database) == {Channel.APP: None, Channel.EMAIL: None}
        with database.transaction() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(Letter)) == 1

    def test_has_no_letter_where_there_is_no_mail_server(
        self, debtor: Debtor, database: Database, at: datetime
    ) -> None:
        debtor.lock()
        debtor.advance(at, post=Post("https://erp.example", key=None))
        assert told(database) == {Channel.APP: None}

    def test_counts_as_told_when_the_mail_server_took_the_letter_and_the_page_was_opened(
        self, debtor: Debtor, database: Database, at: datetime
    ) -> None:
        job_id = debtor.lock()
        debtor.advance(at)
        assert debtor.job(job_id).not_before is None
        settle(database, sent_at=at + SECOND)
        assert debtor.read_notice(at + HOUR) == 1
        debtor.advance(at + HOUR)
        assert told(database) == {Channel.APP: at + HOUR, Channel.EMAIL: at + SECOND}
        assert debtor.job(job_id).not_before == at + 73 * HOUR

    def test_is_not_told_by_a_letter_that_nobody_took(self, debtor: Debtor, database: Database, at: datetime) -> None:
        job_id = debtor.lock()
        debtor.advance(at)
        settle(database, sent_at=None, problem="No such mailbox.")
        debtor.advance(at + DAY)
        debtor.read_notice(at + DAY)
        debtor.advance(at + DAY + HOUR)
        assert debtor.job(job_id).not_before is None
        assert "one more way" in (debtor.job(job_id).waiting_for or "")

    def test_is_told_by_a_call_that_the_office_notes_once(
        self, debtor: Debtor, database: Database, at: datetime
    ) -> None:
        job_id = debtor.lock()
        with pytest.raises(Conflict, match="not begun"):
            debtor.call(job_id, at)
        debtor.advance(at)
        debtor.call(job_id, at)
        assert told(database)[Channel.PHONE] == at
        with pytest.raises(Conflict, match="already"):
            debtor.call(job_id, at)
        with database.reading() as reader:
            notices = queries.list_notices(reader, viewer=ADMINISTRATOR, job_id=job_id)
        assert [(notice.channel, notice.told_by) for notice in notices if notice.told_at] == [("phone", ROOT.name)]

    def test_is_read_by_its_driver_alone(self, debtor: Debtor, database: Database, at: datetime) -> None:
        debtor.lock()
        debtor.advance(at)
        with database.transaction() as session:
            stranger = Actor("user", 4_000, "X", roles=debtor.as_driver.roles)
            assert service.note_read(session, actor=stranger, at=at) == 0
        assert told(database)[Channel.APP] is None

    def test_outlives_the_letter_that_told_it(self, debtor: Debtor, database: Database, at: datetime) -> None:
        debtor.lock()
        debtor.advance(at)
        settle(database, sent_at=at)
        debtor.advance(at + HOUR)
        with database.transaction() as session:
            session.execute(sa.delete(Letter))
        assert told(database)[Channel.EMAIL] == at


class TestTheGrace:
    def test_ends_to_the_second_and_arms_for_a_day(self, debtor: Debtor, at: datetime) -> None:
        job_id = debtor.lock()
        debtor.advance(at)
        debtor.read_notice(at)
        debtor.call(job_id, at)
        debtor.advance(at)
        over = at + 72 * HOUR
        debtor.advance(over - SECOND)
        assert debtor.job(job_id).state is JobState.NOTIFIED
        debtor.advance(over)
        job = debtor.job(job_id)
        assert (job.state, job.armed_at) == (JobState.ARMED, over)
        assert job.expires_at == over + timedelta(seconds=TIMING.arm_after_grace_s)

    def test_of_a_driver_who_cannot_be_told_ends_without_a_lock(self, debtor: Debtor, at: datetime) -> None:
        job_id = debtor.lock()
        debtor.advance(at)
        late = at + 30 * DAY
        debtor.advance(late - SECOND)
        assert debtor.job(job_id).state is JobState.NOTIFIED
        debtor.advance(late)
        job = debtor.job(job_id)
        assert job.state is JobState.EXPIRED
        assert "could not be warned" in (job.verdict or "")

    def test_keeps_the_law_that_the_order_was_given_under(
        self, debtor: Debtor, database: Database, at: datetime
    ) -> None:
        job_id = debtor.lock()
        with database.reading() as reader:
            (law,) = queries.get_jurisdiction(reader, viewer=ADMINISTRATOR, code="default")
        easier = msgspec.structs.replace(law.rules.debt, warnings_weekly=(Warning(1, 1),))
        new = NewLaw(
            name=law.name,
            source=law.source,
            rules=msgspec.structs.replace(law.rules, debt=easier),
            why="A test.",
        )
        with database.transaction() as session:
            service.write_law(session, actor=ADMINISTRATOR, at=at, code="default", law=new, based_on=1)
        over = debtor.arm(job_id)
        assert debtor.job(job_id).armed_at == over
        assert debtor.job(job_id).jurisdiction_version == 1

    def test_is_nothing_to_wait_for_where_the_law_asks_for_none(self, debtor: Debtor) -> None:
        assert debtor.job(debtor.lock(Reason.MAINTENANCE)).state is JobState.ARMED

    def test_is_written_into_the_audit_step_by_step(self, debtor: Debtor, database: Database, at: datetime) -> None:
        debtor.arm(debtor.lock())
        with database.transaction() as session:
            actions = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
        prefix = "access.immobilize_"
        steps = [action.removeprefix(prefix) for action in actions if action.startswith(prefix)]
        assert steps == ["ordered", "approved", "grace_begun", "warning_begun", "warning_told", "warning_told", "armed"]


class TestAnOrderThatNobodyApproves:
    def test_expires_and_makes_room_for_another(self, debtor: Debtor, database: Database, at: datetime) -> None:
        order = ImmobilizationOrder(reason=Reason.MAINTENANCE)
        with database.transaction() as session:
            job_id = service.immobilize(
                session,
                actor=ROOT,
                at=at,
                vehicle_id=debtor.fleet.vehicle_id,
                order=order,
                timing=TIMING,
                limits=PLENTY,
            )
        debtor.advance(at + timedelta(seconds=TIMING.approve_within_s) - SECOND)
        assert debtor.job(job_id).state is JobState.REQUESTED
        debtor.advance(at + timedelta(seconds=TIMING.approve_within_s))
        assert debtor.job(job_id).state is JobState.EXPIRED


class TestTheDriversNotice:
    def test_says_why_until_when_and_what_to_do(self, debtor: Debtor, database: Database, at: datetime) -> None:
        job_id = debtor.lock()
        debtor.advance(at)
        with database.transaction() as session:
            service.make_own_codes(session, actor=debtor.as_driver, at=at)
        with database.reading() as reader:
            notice = queries.find_notice(reader, viewer=debtor.as_driver)
        assert notice is not None
        assert (notice.job_id, notice.reason, notice.codes_left, notice.may_start) == (job_id, Reason.DEBT, 2, True)
        assert "Pay it" in notice.what_to_do
        assert "not before" in notice.warnings[0].words

    def test_is_not_there_when_nothing_is_going_to_happen(
        self, debtor: Debtor, database: Database, at: datetime
    ) -> None:
        debtor.lock()
        debtor.pay(as_of=at + SECOND)
        with database.reading() as reader:
            assert queries.find_notice(reader, viewer=debtor.as_driver) is None
