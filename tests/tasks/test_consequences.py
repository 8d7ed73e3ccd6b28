"""From facts to jobs: each consequence once, none lost, failures kept where a person sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import consequences, db, outbox
from core.db import Database
from tasks import app, subscriptions
from tasks.app import queue, run_consequence
from tests.conftest import ROOT
from tests.tasks.relaying import relay, run_queue

Draw = Callable[[], int]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, database: Database) -> Iterator[list[dict[str, Any]]]:
    """A fact with one job, and what the job was called with. The queue's database is the test's."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(app, "JOBS", {"test.note": lambda **ids: calls.append(ids)})
    monkeypatch.setattr("tasks.relay.SUBSCRIPTIONS", {"test.thing_done": ("test.note",), "test.other_done": ()})
    monkeypatch.setattr(db, "current", lambda: database)
    yield calls
    queue.storage.close()


def publish(database: Database, at: datetime, name: str = "test.thing_done", **ids: int) -> None:
    with database.transaction() as session:
        outbox.publish(session, name, at=at, **ids)


def rows(database: Database) -> list[Any]:
    with database.reading() as reader:
        return list(reader.execute(sa.text("SELECT * FROM outbox_deliveries ORDER BY id")))


class TestAConsequence:
    def test_is_run_once_with_the_ids_of_its_fact(
        self, database: Database, done: list[dict[str, Any]], at: datetime
    ) -> None:
        publish(database, at, number=7)
        publish(database, at, "test.other_done", number=8)
        assert relay(database, at=at) == 1
        assert relay(database, at=at) == 0
        run_queue()
        assert done == [{"number": 7}]
        assert rows(database)[0].done_at is not None

    def test_is_not_run_again_when_its_task_comes_twice(
        self, database: Database, done: list[dict[str, Any]], at: datetime
    ) -> None:
        publish(database, at, number=7)
        relay(database, at=at)
        run_queue()
        run_consequence(consequence_id=rows(database)[0].id)
        run_queue()
        assert done == [{"number": 7}]

    def test_whose_task_was_lost_with_its_worker_is_found_by_the_sweep(
        self, database: Database, done: list[dict[str, Any]], at: datetime
    ) -> None:
        publish(database, at, number=7)
        relay(database, at=at)
        assert queue.dequeue() is not None  # taken off the queue by a worker that dies
        assert relay(database, at=at + timedelta(seconds=5)) == 0
        assert relay(database, at=at + consequences.LEASE + timedelta(seconds=1)) == 1
        run_queue()
        assert done == [{"number": 7}]

    def test_that_fails_is_tried_later_and_at_last_laid_aside_with_its_error(
        self, database: Database, done: list[dict[str, Any]], at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**ids: int) -> None:
            raise ValueError("the tank is empty")

        monkeypatch.setattr(app, "JOBS", {"test.note": fail})
        publish(database, at, number=7)
        relay(database, at=at)
        run_queue()
        for hour in range(1, consequences.DEAD_AFTER):
            relay(database, at=at + timedelta(hours=hour))
            run_queue()
        (row,) = rows(database)
        assert row.attempts == consequences.DEAD_AFTER
        assert row.dead_at is not None
        with database.reading() as reader:
            (troubled,) = consequences.list_troubled(reader, viewer=ROOT)
        assert "the tank is empty" in troubled["last_error"]
        assert relay(database, at=at + timedelta(days=9)) == 0


class TestTheQueue:
    def test_holds_no_task_of_a_transaction_that_was_rolled_back(
        self, database: Database, done: list[dict[str, Any]], at: datetime
    ) -> None:
        with pytest.raises(InterruptedError), database.transaction() as session:
            app.enqueue(session, [1])
            raise InterruptedError
        assert queue.dequeue() is None

    def test_runs_no_code_that_somebody_wrote_into_its_table(
        self, database: Database, done: list[dict[str, Any]]
    ) -> None:
        import os
        import pickle

        class Bomb:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.system, ("exit 3",)

        with database.transaction() as session:
            session.execute(
                sa.text("INSERT INTO huey_task (queue, data, priority) VALUES ('erp', :data, 0)"),
                {"data": pickle.dumps(Bomb())},
            )
        with pytest.raises(ValueError, match="not valid UTF-8"):
            queue.dequeue()

    def test_knows_every_job_that_a_fact_leads_to(self) -> None:
        assert {job for jobs in subscriptions.SUBSCRIPTIONS.values() for job in jobs} == set(subscriptions.JOBS)
