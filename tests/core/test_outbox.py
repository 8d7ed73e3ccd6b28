"""Facts are read in order, once each, with no gaps, whatever commits when."""

from __future__ import annotations

import threading
import time
from datetime import datetime

from core import outbox
from core.db import Database
from core.outbox import Offset


def publish(database: Database, at: datetime, number: int) -> None:
    with database.transaction() as session:
        outbox.publish(session, "test.thing_done", at=at, number=number)


def read_numbers(database: Database, offset: Offset) -> tuple[list[int], Offset]:
    with database.reading() as reader:
        facts = outbox.read_since(reader, offset)
    return [fact.ids["number"] for fact in facts], facts[-1].offset if facts else offset


def read_in_time(database: Database, offset: Offset, count: int) -> list[int]:
    """So many numbers, as soon as the server's own transactions let the stream come to them."""
    ends = time.monotonic() + 10
    while len(numbers := read_numbers(database, offset)[0]) < count and time.monotonic() < ends:
        time.sleep(0.02)
    return numbers


class TestReadingFacts:
    def test_waits_for_a_slow_transaction_that_began_earlier(self, database: Database, at: datetime) -> None:
        with database.reading() as reader:
            _, place = outbox.head(reader)
        with database.transaction() as slow:
            outbox.publish(slow, "test.thing_done", at=at, number=1)
            publish(database, at, 2)
            hidden, place = read_numbers(database, place)
        assert hidden == []
        assert read_in_time(database, place, 2) == [1, 2]

    def test_misses_nothing_and_repeats_nothing_during_many_writers(self, database: Database, at: datetime) -> None:
        with database.reading() as reader:
            _, place = outbox.head(reader)
        writers = [
            threading.Thread(target=lambda w=w: [publish(database, at, w * 100 + n) for n in range(25)])
            for w in range(6)
        ]
        for writer in writers:
            writer.start()
        seen: list[int] = []
        while any(writer.is_alive() for writer in writers):
            numbers, place = read_numbers(database, place)
            seen += numbers
            time.sleep(0.005)
        seen += read_in_time(database, place, 6 * 25 - len(seen))
        assert sorted(seen) == sorted(w * 100 + n for w in range(6) for n in range(25))

    def test_does_not_see_what_was_rolled_back(self, database: Database, at: datetime) -> None:
        with database.reading() as reader:
            _, place = outbox.head(reader)
        try:
            with database.transaction() as session:
                outbox.publish(session, "test.thing_done", at=at, number=1)
                raise InterruptedError
        except InterruptedError:
            pass
        publish(database, at, 2)
        assert read_in_time(database, place, 1) == [2]


class TestAnOffset:
    def test_survives_being_written_and_read(self) -> None:
        assert Offset.parse(str(Offset(7, 12))) == Offset(7, 12)

    def test_is_none_when_the_text_is_not_one(self) -> None:
        assert [Offset.parse(text) for text in ("", "7", "a-b", "-1-2", "9" * 50)] == [None] * 5


class TestWakingReaders:
    def test_happens_when_the_fact_commits(self, database: Database, at: datetime) -> None:
        with database.listen(outbox.CHANNEL) as listening:
            publish(database, at, 1)
            assert len(list(listening.notifies(timeout=2, stop_after=1))) == 1
