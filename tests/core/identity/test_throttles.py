"""Limits on how often something is tried from one place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import Database
from core.identity import service
from core.identity.models import Throttle
from core.permissions import system

HERE = "192.0.2.7"


def attempt(database: Database, at: datetime, *, source: str = HERE, what: str = "sign-in") -> int | None:
    with database.transaction() as session:
        return service.count_attempt(session, at=at, what=what, source=source, most=3, per_s=60)


class TestAThrottle:
    def test_lets_as_many_through_as_it_may_and_says_how_long_the_next_waits(
        self, database: Database, at: datetime
    ) -> None:
        waits = [attempt(database, at + timedelta(seconds=second)) for second in range(5)]
        assert waits == [None, None, None, 57, 56]

    def test_begins_anew_when_its_time_is_over(self, database: Database, at: datetime) -> None:
        for _ in range(4):
            attempt(database, at)
        assert attempt(database, at + timedelta(seconds=59.5)) == 1
        assert attempt(database, at + timedelta(seconds=60)) is None

    def test_counts_each_place_and_each_thing_by_itself(self, database: Database, at: datetime) -> None:
        for _ in range(4):
            attempt(database, at)
        assert attempt(database, at, source="192.0.2.8") is None
        assert attempt(database, at, what="reset") is None

    def test_counts_exactly_when_all_come_at_once(self, database: Database, at: datetime) -> None:
        with ThreadPoolExecutor(20) as threads:
            waits = list(threads.map(lambda _: attempt(database, at), range(20)))
        assert waits.count(None) == 3

    def test_does_not_keep_where_the_attempts_came_from(self, database: Database, at: datetime) -> None:
        attempt(database, at)
        with database.reading() as reader:
            assert HERE not in str(reader.execute(sa.select(Throttle.key)).scalar_one())

    def test_is_forgotten_after_a_day(self, database: Database, at: datetime) -> None:
        attempt(database, at)
        with database.transaction() as session:
            keeper = system("scheduler", "identity:maintain")
            assert service.drop_old_counts(session, actor=keeper, at=at + timedelta(hours=23)) == 0
            assert service.drop_old_counts(session, actor=keeper, at=at + timedelta(hours=25)) == 1
