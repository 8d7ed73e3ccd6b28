"""A driver who is erased is found nowhere any more, and what proves what happened still does."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta

import pytest

from core import audit, vault
from core.access import service as access
from core.access.schemas import Plan, ToldDebt
from core.audit_verification import verify_log
from core.config import AccessTiming
from core.db import Database, Writer
from core.drivers import queries, service
from core.drivers.models import Driver
from core.drivers.schemas import NewDriver
from core.errors import Conflict, NotFound
from core.files import queries as files
from core.files import service as keeping
from core.identity.models import User
from core.permissions import DRIVER, Actor
from core.privacy import service as privacy
from core.privacy.queries import list_own_looks
from infra.postgres.binaries import find_binaries
from tests.conftest import ROOT, Fleet
from tests.core.audit.conftest import append
from tests.core.files.test_files import JPEG

NAME, PHONE = "Zebedee Quillfeather", "+14155550987"


def register(session: Writer, at: datetime, fleet: Fleet, *, user_id: int | None = None) -> int:
    new = NewDriver(name=NAME, phone=PHONE, park_id=fleet.park_id)
    return service.register_driver(session, actor=ROOT, at=at, new=new, user_id=user_id)


def erase(database: Database, at: datetime, driver_id: int) -> None:
    with database.transaction() as session:
        privacy.erase_driver(session, actor=ROOT, at=at, driver_id=driver_id, why="asked")


def dump(database: Database) -> bytes:
    """A fresh backup."""
    program = find_binaries(None)["pg_dump"]
    return subprocess.run([program, "--dbname", database.dsn], check=True, capture_output=True).stdout


class TestAnErasedDriver:
    def test_is_found_neither_in_the_database_nor_in_a_fresh_backup_and_the_audit_verifies(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        with database.transaction() as session:
            driver_id = register(session, at, fleet)
            key_id = session.get_one(Driver, driver_id).key_id
            file_id = keeping.keep_file(
                session, actor=ROOT, at=at, key_id=key_id, purpose="tests", name="quillfeather.jpg", content=JPEG
            )
        erase(database, at, driver_id)
        erase(database, at, driver_id)
        backup = dump(database)
        assert b"drivers_drivers" in backup
        for personal in (NAME.encode(), b"Quillfeather", b"quillfeather", PHONE.encode(), JPEG.hex().encode()):
            assert personal not in backup
        with database.reading() as reader:
            assert queries.name_drivers(reader, [driver_id]) == {driver_id: f"Erased person {driver_id}"}
            with pytest.raises(NotFound):
                files.get_file(reader, file_id=file_id)
        append(database)
        with database.reading() as reader:
            assert verify_log(reader, verifier_keys=[]).wrong == []

    def test_leaves_nothing_that_opens_what_was_sealed_before_in_a_table_or_a_backup(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        with database.transaction() as session:
            driver_id = register(session, at, fleet)
            sealed = session.get_one(Driver, driver_id).name_sealed
        with database.reading() as reader:
            assert vault.open_text(reader, sealed, field="drivers.name") == NAME
        erase(database, at, driver_id)
        vault._opened.clear()
        with database.reading() as reader:
            assert vault.open_text(reader, sealed, field="drivers.name") is None

    def test_loses_the_account_with_what_names_them(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            service.end_assignment(session, actor=ROOT, at=at, driver_id=fleet.driver_id)
        erase(database, at, fleet.driver_id)
        with database.transaction() as session:
            user = session.get_one(User, session.get_one(Driver, fleet.driver_id).user_id)
            assert (user.name, user.email, user.password_hash) == (
                f"Erased person {user.id}",
                f"erased-{user.id}@invalid",
                None,
            )
            assert user.disabled_at is not None

    def test_makes_room_for_the_same_phone(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            driver_id = register(session, at, fleet)
        erase(database, at, driver_id)
        with database.transaction() as session:
            assert register(session, at, fleet) != driver_id

    def test_is_noted_in_the_audit_without_a_name(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            driver_id = register(session, at, fleet)
        erase(database, at, driver_id)
        with database.reading() as reader:
            entries = audit.list_entries(reader, viewer=ROOT, subject=("driver", driver_id))
        assert entries[0]["action"] == "privacy.driver_erased"
        assert NAME not in str(entries)


class TestErasing:
    def test_is_refused_while_the_driver_has_a_vehicle(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(Conflict, match="End and cancel the assignments first"):
            erase(database, at, fleet.driver_id)
        with database.reading() as reader:
            assert "Erased" not in queries.name_drivers(reader, [fleet.driver_id])[fleet.driver_id]

    def test_is_refused_while_the_driver_owes_money(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            driver_id = register(session, at, fleet)
            debt = ToldDebt(
                owed_minor=100, currency="USD", plan=Plan.WEEKLY, overdue_since=at - timedelta(days=1), as_of=at
            )
            access.note_debt(session, actor=ROOT, at=at, driver_id=driver_id, debt=debt, timing=AccessTiming())
        with pytest.raises(Conflict, match="owes money"):
            erase(database, at, driver_id)


class TestALook:
    def test_is_shown_to_the_driver_with_who_and_what(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            service.note_look(session, actor=ROOT, at=at, driver_id=fleet.driver_id, what="record")
            user_id = session.get_one(Driver, fleet.driver_id).user_id
        own = Actor("user", user_id, "x", roles=frozenset({DRIVER}))
        with database.reading() as reader:
            assert [(look.by, look.what) for look in list_own_looks(reader, viewer=own, at=at)] == [
                (ROOT.name, "record")
            ]
