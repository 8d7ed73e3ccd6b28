"""From somebody who forgot a password to a letter that waits, by the jobs; and what is forgotten in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core import config as settings
from core import db
from core.config import Config, MailServer
from core.db import Database
from core.identity import queries, service
from core.identity.models import Letter, LoginSession, ResetRequest, Ticket
from tasks import letters
from tasks.app import queue
from tasks.sessions import forget_old
from tests.conftest import ROOT, Fleet
from tests.tasks.relaying import relay, run_queue


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch, config: Config, database: Database) -> Iterator[Config]:
    """The configuration and the database of the jobs are the test's; letters have somewhere to go."""
    mailing = replace(config, mail=MailServer("127.0.0.1", 1, is_tls=False, sender="erp@company.test"))
    monkeypatch.setattr(db, "current", lambda: database)
    monkeypatch.setattr(settings, "current", lambda: mailing)
    letters._woken.clear()
    yield mailing
    queue.storage.close()


def count(database: Database, table: type[db.Base]) -> int:
    with database.reading() as reader:
        return reader.scalar(sa.select(sa.func.count()).select_from(table)) or 0


class TestAForgottenPassword:
    def test_leads_to_one_letter_and_wakes_whoever_sends_it(
        self, database: Database, fleet: Fleet, product: Config, at: datetime
    ) -> None:
        with database.transaction() as session:
            service.ask_for_reset(session, at=at, email=fleet.email("driver"))
        relay(database, at=at)
        run_queue()
        assert (count(database, ResetRequest), count(database, Letter)) == (0, 1)
        assert not letters._woken.is_set()
        relay(database, at=at)
        run_queue()
        assert letters._woken.is_set()

    def test_is_answered_once_when_its_job_runs_twice(
        self, database: Database, fleet: Fleet, product: Config, at: datetime
    ) -> None:
        with database.transaction() as session:
            service.ask_for_reset(session, at=at, email=fleet.email("driver"))
        for _ in range(2):
            letters.answer_reset(request_id=1)
        assert count(database, Letter) == 1

    def test_that_waited_too_long_for_its_job_is_not_answered(
        self, database: Database, fleet: Fleet, product: Config, at: datetime
    ) -> None:
        with database.transaction() as session:
            service.ask_for_reset(session, at=at - timedelta(hours=1), email=fleet.email("driver"))
        letters.answer_reset(request_id=1)
        assert count(database, Letter) == 0


class TestWhatIsOver:
    def test_is_forgotten_after_thirty_days_and_no_earlier(
        self, database: Database, fleet: Fleet, product: Config, at: datetime
    ) -> None:
        driver = fleet.user_ids["driver"]
        with database.transaction() as session:
            who = {"user_id": driver, "method": "pwd", "address": "", "agent": ""}
            for _ in range(2):
                service.start_session(session, at=at, **who)  # type: ignore[arg-type]
            service.end_session(session, at=at, session_id=1, why="a test")
            service.send_reset(session, actor=ROOT, at=at, user_id=driver, post=service.open_post(product))
        letters.send_due(product, database)  # there is no such server
        with database.transaction() as session:
            session.execute(sa.update(Letter).values(next_at=None))
        forget_old(database, at=at + timedelta(days=29))
        assert [count(database, table) for table in (LoginSession, Letter, Ticket)] == [2, 1, 1]
        forget_old(database, at=at + timedelta(days=31))
        assert [count(database, table) for table in (LoginSession, Letter, Ticket)] == [1, 0, 0]
        with database.reading() as reader:
            assert queries.get_user(reader, viewer=ROOT, user_id=driver)["state"] == "active"
