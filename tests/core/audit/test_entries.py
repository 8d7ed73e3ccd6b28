"""The audit table: PostgreSQL itself refuses to change it."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from core import audit
from core.db import Database
from tests.conftest import ROOT


@pytest.fixture
def entry(database: Database, at: datetime) -> None:
    with database.transaction() as session:
        audit.record(session, actor=ROOT, at=at, action="test.done", subject=("thing", 7), why="because")


@pytest.mark.usefixtures("entry")
class TestAnEntry:
    @pytest.mark.parametrize(
        "attack",
        [
            "UPDATE audit_entries SET action = 'nothing'",
            "DELETE FROM audit_entries",
            "TRUNCATE audit_entries",
        ],
    )
    def test_cannot_be_changed_even_by_the_owner_of_the_table(self, database: Database, attack: str) -> None:
        with pytest.raises(sa.exc.ProgrammingError, match="append-only"), database.transaction() as session:
            session.execute(sa.text(attack))

    def test_can_be_read_by_an_administrator(self, database: Database) -> None:
        with database.reading() as reader:
            (found,) = audit.list_entries(reader, viewer=ROOT)
        assert (found["action"], found["subject_id"], found["detail"]) == (
            "test.done",
            "7",
            {"why": "because"},
        )


class TestReading:
    def test_is_refused_a_write_by_postgresql(self, database: Database) -> None:
        with pytest.raises(sa.exc.InternalError, match="read-only"), database.reading() as reader:
            reader.execute(sa.text("INSERT INTO vehicles_parks (name, time_zone, currency) VALUES ('x','UTC','USD')"))
