"""The law as data: each change is a version, who wrote it stands beside, and nothing is overwritten."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.access import queries, service
from core.access.queries import LawRecord
from core.access.rules import Warning
from core.access.rules.law import NewLaw
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import ADMIN, OPERATOR, Actor
from tests.conftest import Fleet
from tests.core.access.fair import Debtor

ADMINISTRATOR = Actor("user", 1, "Admin", roles=frozenset({ADMIN}), parks=None)


def newest(database: Database, code: str) -> LawRecord:
    with database.reading() as reader:
        return queries.get_jurisdiction(reader, viewer=ADMINISTRATOR, code=code)[0]


def write(
    database: Database, at: datetime, code: str, based_on: int, *, actor: Actor = ADMINISTRATOR, **debt: object
) -> int:
    law = newest(database, "default")
    rules = msgspec.structs.replace(law.rules, debt=msgspec.structs.replace(law.rules.debt, **debt))
    new = NewLaw(name="A place", source="An act", rules=rules, why="It was changed.")
    with database.transaction() as session:
        return service.write_law(session, actor=actor, at=at, code=code, law=new, based_on=based_on)


class TestAChange:
    def test_is_a_version_beside_those_before(self, database: Database, at: datetime) -> None:
        assert write(database, at, "US-NJ", 1, default_days_weekly=7) == 2
        with database.reading() as reader:
            versions = queries.get_jurisdiction(reader, viewer=ADMINISTRATOR, code="US-NJ")
        assert [(law.version, law.rules.debt.default_days_weekly, law.written_by) for law in versions] == [
            (2, 7, "Admin"),
            (1, 5, "the product"),
        ]

    def test_of_what_somebody_else_has_changed_is_refused(self, database: Database, at: datetime) -> None:
        write(database, at, "US-NJ", 1, default_days_weekly=7)
        with pytest.raises(Conflict, match="meanwhile"):
            write(database, at, "US-NJ", 1, default_days_weekly=8)

    def test_that_changes_nothing_is_none(self, database: Database, at: datetime) -> None:
        write(database, at, "US-TX", 0)
        with pytest.raises(Conflict, match="says the same"):
            write(database, at, "US-TX", 1)

    def test_that_contradicts_itself_is_refused_where_it_does(self, database: Database, at: datetime) -> None:
        with pytest.raises(Invalid) as refusal:
            write(database, at, "US-NJ", 1, warnings_weekly=(Warning(5, 1), Warning(5, 2)))
        assert set(refusal.value.fields) == {"warnings_weekly"}

    def test_is_an_administrators(self, database: Database, at: datetime) -> None:
        operator = Actor("user", 2, "Operator", roles=frozenset({OPERATOR}), parks=None)
        with pytest.raises(Forbidden):
            write(database, at, "US-NJ", 1, actor=operator, default_days_weekly=7)

    def test_cannot_be_made_in_the_database_either(self, database: Database) -> None:
        for statement in ("UPDATE access_jurisdictions SET why = 'x'", "DELETE FROM access_jurisdictions"):
            with pytest.raises(DBAPIError), database.transaction() as session:
                session.execute(sa.text(statement))


class TestAPark:
    def test_stands_under_what_it_was_put_under(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            service.set_park_law(session, actor=ADMINISTRATOR, at=at, park_id=fleet.park_id, code="US-NV")
        with database.reading() as reader:
            parks = queries.list_parks_law(reader, viewer=ADMINISTRATOR)
        assert {park.park_id: park.code for park in parks} == {fleet.park_id: "US-NV", fleet.other_park_id: "default"}

    def test_lets_its_orders_be_judged_by_that(self, database: Database, fleet: Fleet, at: datetime) -> None:
        debtor = Debtor(database, fleet, at)
        debtor.tell()
        with database.transaction() as session:
            service.set_park_law(session, actor=ADMINISTRATOR, at=at, park_id=fleet.park_id, code="US-NV")
        with pytest.raises(Conflict, match="written consent"):
            debtor.lock()

    def test_is_not_put_under_what_is_not_written(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(NotFound), database.transaction() as session:
            service.set_park_law(session, actor=ADMINISTRATOR, at=at, park_id=fleet.park_id, code="US-AK")
