"""What becomes of a transaction in which a verb refused."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from core import audit
from core.db import Database, Writer
from core.errors import Conflict
from core.permissions import Actor, needs
from tests.conftest import ROOT


@needs("identity:manage")
def change_and_refuse(session: Writer, *, actor: Actor, at: datetime) -> None:
    """A verb that finds out half way."""
    audit.record(session, actor=actor, at=at, action="test.changed", subject=("user", 1))
    session.flush()
    raise Conflict("It cannot be done.")


class TestARefusal:
    def test_that_is_caught_to_show_a_page_keeps_nothing_of_its_verb(self, database: Database, at: datetime) -> None:
        with database.transaction() as session, pytest.raises(Conflict):
            change_and_refuse(session, actor=ROOT, at=at)
        assert count(database) == 0

    def test_leaves_the_next_transaction_alone(self, database: Database, at: datetime) -> None:
        with database.transaction() as session, pytest.raises(Conflict):
            change_and_refuse(session, actor=ROOT, at=at)
        with database.transaction() as session:
            audit.record(session, actor=ROOT, at=at, action="test.changed", subject=("user", 1))
        assert count(database) == 1


def count(database: Database) -> int:
    with database.reading() as reader:
        return int(reader.execute(sa.text("SELECT count(*) FROM audit_entries")).scalar_one())
