"""Tables cut by time: pieces are made ahead without holding anybody up, and dropped whole."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core import partitions
from core.db import Database
from core.partitions import Cut

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAILY = Cut("things", kept_days=2, written_days=2)
WIDE = Cut("things", kept_days=90, written_days=8, width_days=30)


@pytest.fixture
def things(database: Database) -> Database:
    """A table cut by time, as the product's are: a key with the time in it, a default, an index."""
    with database.transaction() as session:
        session.execute(sa.text("CREATE SEQUENCE numbers"))
        session.execute(
            sa.text(
                "CREATE TABLE things (at timestamptz NOT NULL, id bigint NOT NULL DEFAULT nextval('numbers'), "
                "what text, PRIMARY KEY (at, id)) PARTITION BY RANGE (at)"
            )
        )
        session.execute(sa.text("CREATE INDEX things_what ON things (what)"))
    return database


def make(database: Database, cut: Cut, at: datetime = NOON) -> list[str]:
    with database.transaction() as session:
        return partitions.make_parts(session, cut, at=at)


def drop(database: Database, cut: Cut, at: datetime) -> list[str]:
    with database.transaction() as session:
        return partitions.drop_expired(session, cut, at=at)


def names(database: Database) -> list[str]:
    with database.reading() as reader:
        return [part.name for part in partitions.list_parts(reader, "things")]


class TestMakingPartitions:
    def test_covers_what_may_be_written_and_a_week_ahead(self, things: Database) -> None:
        made = make(things, DAILY)
        assert (made[0], made[-1]) == ("things_p20261122", "things_p20261201")
        assert len(made) == 2 + 1 + partitions.DAYS_AHEAD
        assert names(things) == made

    def test_again_makes_nothing(self, things: Database) -> None:
        make(things, DAILY)
        assert make(things, DAILY) == []

    def test_fills_a_gap_that_was_left_while_nobody_made_any(self, things: Database) -> None:
        make(things, DAILY)
        made = make(things, DAILY, NOON + timedelta(days=30))
        assert made[0] == "things_p20261222"
        assert len(made) == 2 + 1 + partitions.DAYS_AHEAD

    def test_of_several_days_width_keeps_to_one_grid(self, things: Database) -> None:
        first = make(things, WIDE)
        assert 1 <= len(first) <= 2
        for day in range(1, 100):
            make(things, WIDE, NOON + timedelta(days=day))
        with things.reading() as reader:
            parts = partitions.list_parts(reader, "things")
        assert all(part.end - part.start == timedelta(days=30) for part in parts)
        assert all(one.end == following.start for one, following in itertools.pairwise(parts))

    def test_gives_them_the_keys_defaults_and_indexes_of_the_table(self, things: Database) -> None:
        make(things, DAILY)
        with things.transaction() as session:
            session.execute(sa.text("INSERT INTO things (at, what) VALUES (:at, 'a'), (:at, 'b')"), {"at": NOON})
            found = session.execute(
                sa.text(
                    "SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid "
                    "WHERE i.indrelid = 'things_p20261124'::regclass"
                )
            ).scalar_one()
            assert session.execute(sa.text("SELECT count(DISTINCT id) FROM things")).scalar_one() == 2
        assert found == 2

    def test_waits_for_neither_readers_nor_writers_and_holds_up_neither(self, things: Database) -> None:
        make(things, DAILY)
        later = NOON + timedelta(days=3)
        with psycopg.connect(things.dsn) as writer, things.transaction() as making:
            writer.execute("INSERT INTO things (at) VALUES (%s)", [NOON])
            writer.execute("SELECT count(*) FROM things")
            making.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            assert len(partitions.make_parts(making, DAILY, at=later)) == 3
            writer.execute("SET lock_timeout = '2s'")
            writer.execute("INSERT INTO things (at) VALUES (%s)", [NOON])
            writer.execute("SELECT count(*) FROM things")


class TestDroppingPartitions:
    def test_takes_those_wholly_past_what_is_kept(self, things: Database) -> None:
        make(things, DAILY)
        assert drop(things, DAILY, NOON) == []
        assert drop(things, DAILY, NOON + timedelta(days=1)) == ["things_p20261122"]
        assert drop(things, DAILY, NOON + timedelta(days=3)) == ["things_p20261123", "things_p20261124"]

    def test_leaves_what_is_in_use_to_the_next_time_and_holds_nobody_up_for_it(self, things: Database) -> None:
        make(things, DAILY)
        with psycopg.connect(things.dsn) as reader:
            reader.execute("SELECT count(*) FROM things")
            assert drop(things, DAILY, NOON + timedelta(days=1)) == []
        assert drop(things, DAILY, NOON + timedelta(days=1)) == ["things_p20261122"]

    def test_costs_a_waiting_writer_a_moment_only(self, things: Database) -> None:
        make(things, DAILY)
        done = threading.Event()
        with psycopg.connect(things.dsn) as reader:
            reader.execute("SELECT count(*) FROM things")
            dropping = threading.Thread(target=lambda: (drop(things, DAILY, NOON + timedelta(days=1)), done.set()))
            dropping.start()
            # Behind the waiting drop, this would wait for the reader too, did the drop not give up.
            with psycopg.connect(things.dsn, autocommit=True) as writer:
                writer.execute("SET lock_timeout = '5s'")
                writer.execute("INSERT INTO things (at) VALUES (%s)", [NOON])
            assert done.wait(5)
            dropping.join()


class TestABoundInTheCatalog:
    @given(
        st.integers(946_684_800, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC)),
        st.integers(1, 400),
    )
    def test_is_read_as_it_was_written(self, start: datetime, width: int) -> None:
        end = start + timedelta(days=width)
        bound = f"FOR VALUES FROM ('{start:%Y-%m-%d %H:%M:%S}+00') TO ('{end:%Y-%m-%d %H:%M:%S}+00')"
        assert partitions.read_part("p", bound) == ("p", start, end)
