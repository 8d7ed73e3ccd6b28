"""Who a driver is: known once, sealed, changed with a trace that tells nothing."""

from __future__ import annotations

import threading
from datetime import date

import pytest
import sqlalchemy as sa

from core.audit import AuditEntry
from core.drivers import queries, service
from core.drivers.models import Profile
from core.drivers.schemas import DriverChanges, EmergencyContact, Licence, NewDriver, Personal
from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from core.permissions import Actor
from tests.conftest import ROOT

LICENCE = Licence(country="US", region="CA", number="D123-4567", categories=("C",), valid_until=date(2028, 3, 31))
PERSONAL = Personal(
    email="ben@example.test",
    birth_date=date(1990, 5, 1),
    address="12 Harbor Road, Oakland",
    emergency_contact=EmergencyContact(name="Ada Okri", phone="+14155550188"),
    licence=LICENCE,
)


def new(fleet, *, phone="+14155550111", personal=PERSONAL, name="Ben Okri"):
    return NewDriver(name=name, phone=phone, park_id=fleet.park_id, personal=personal)


@pytest.fixture
def register(database, at):
    def registered(one, actor=ROOT):
        with database.transaction() as session:
            return service.register_driver(session, actor=actor, at=at, new=one)

    return registered


@pytest.fixture
def ben(register, fleet):
    return register(new(fleet))


def change(database, driver_id, at, *, actor=ROOT, versions=None, **changes):
    with database.transaction() as session:
        service.change_driver(
            session, actor=actor, at=at, driver_id=driver_id, changes=DriverChanges(**changes), versions=versions
        )


class TestAPerson:
    def test_is_read_as_they_were_written(self, database, ben):
        with database.reading() as reader:
            known = queries.get_personal(reader, viewer=ROOT, driver_id=ben)
        assert (known.name, known.phone, known.email) == ("Ben Okri", "+14155550111", "ben@example.test")
        assert (known.birth_date, known.address) == (PERSONAL.birth_date, PERSONAL.address)
        assert (known.emergency_name, known.emergency_phone) == ("Ada Okri", "+14155550188")
        assert (known.licence_number, known.licence_region, known.licence_categories) == ("D123-4567", "CA", ("C",))

    def test_is_nowhere_in_the_table_in_plain_text(self, database, ben):
        with database.reading() as reader:
            row = reader.execute(sa.select(Profile.__table__).where(Profile.driver_id == ben)).one()
        text = repr([one for one in row if not isinstance(one, (int, list, date))])
        for secret in ("1990", "Harbor", "D123", "ben@", "Ada", "50188"):
            assert secret not in text

    @pytest.mark.parametrize("again", [{"phone": "+14155550111", "personal": Personal()}, {"phone": "+14155550112"}])
    def test_is_known_by_phone_and_by_licence(self, register, fleet, ben, again):
        with pytest.raises(Conflict, match=f"driver {ben}") as refused:
            register(new(fleet, **again))
        assert refused.value.facts == {"driver_id": ben}

    def test_is_known_by_the_licence_however_it_is_typed(self, register, fleet, ben):
        typed = Licence(country="US", region="CA", number="d123 4567", categories=("C", "M"))
        with pytest.raises(Conflict, match="licence"):
            register(new(fleet, phone="+14155550112", personal=Personal(licence=typed)))

    def test_is_not_named_to_who_may_not_see_the_record(self, database, register, fleet, ben):
        elsewhere = Actor("user", 9, "Olga", roles=frozenset({"operator"}), parks=frozenset({fleet.other_park_id}))
        again = NewDriver(name="Ben", phone="+14155550111", park_id=fleet.other_park_id)
        with pytest.raises(Conflict) as refused:
            register(again, actor=elsewhere)
        assert refused.value.facts == {}
        assert str(ben) not in refused.value.detail + refused.value.fields["phone"]

    def test_is_added_once_by_many_at_once(self, database, fleet, at):
        made: list[int] = []
        refused: list[Conflict] = []

        def add(number):
            one = new(fleet, phone=f"+1415555{number:04}")
            try:
                with database.transaction() as session:
                    made.append(service.register_driver(session, actor=ROOT, at=at, new=one))
            except Conflict as conflict:
                refused.append(conflict)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(made), len(refused)) == (1, 5)

    @pytest.mark.parametrize(
        ("personal", "field"),
        [
            (Personal(birth_date=date(2091, 1, 1)), "birth_date"),
            (Personal(licence=Licence(country="US", number="D1234567", categories=("C",))), "licence.region"),
        ],
    )
    def test_is_refused_with_the_field_that_cannot_be(self, register, fleet, personal, field):
        with pytest.raises(Invalid) as refused:
            register(new(fleet, personal=personal))
        assert set(refused.value.fields) == {field}


class TestAChange:
    def test_leaves_what_it_does_not_name_and_takes_out_what_it_names_empty(self, database, ben, at):
        change(database, ben, at, name="Benjamin Okri", address=None)

        with database.reading() as reader:
            known = queries.get_personal(reader, viewer=ROOT, driver_id=ben)
        assert (known.name, known.address, known.email) == ("Benjamin Okri", None, "ben@example.test")

    def test_is_kept_without_what_stood_there(self, database, ben, at):
        change(database, ben, at, address="1 Other Street, Reno", phone="+14155550199")

        with database.reading() as reader:
            (changed,) = [
                one for one in queries.list_timeline(reader, viewer=ROOT, driver_id=ben) if one.kind == "record"
            ]
            details = repr(reader.execute(sa.select(AuditEntry.detail)).scalars().all())
        assert changed.detail["fields"] == ["address", "phone"]
        assert "Reno" not in details and "50199" not in details

    def test_is_refused_for_a_number_or_licence_of_somebody_else(self, database, register, fleet, ben, at):
        other = register(new(fleet, phone="+14155550112", personal=Personal()))
        with pytest.raises(Conflict, match="phone"):
            change(database, other, at, phone="+14155550111")
        with pytest.raises(Conflict, match="licence"):
            change(database, other, at, licence=LICENCE)
        change(database, ben, at, phone="+14155550111", licence=LICENCE)

    def test_is_refused_for_a_version_that_was_read_before(self, database, ben, at):
        with database.reading() as reader:
            version = queries.get_driver(reader, viewer=ROOT, driver_id=ben, at=at).version
        change(database, ben, at, address=None, versions=[version])

        with pytest.raises(PreconditionFailed):
            change(database, ben, at, address="12 Harbor Road", versions=[version])

    def test_of_nothing_leaves_no_trace(self, database, ben, at):
        change(database, ben, at)

        with database.reading() as reader:
            assert [one.kind for one in queries.list_timeline(reader, viewer=ROOT, driver_id=ben)] == ["stage"]


class TestADriversOwnRecord:
    @pytest.fixture
    def own(self, fleet):
        return Actor("user", fleet.user_ids["driver"], "Driver", roles=frozenset({"driver"}))

    def test_is_changed_by_the_driver_where_that_needs_no_document(self, database, fleet, own, at):
        contact = EmergencyContact(name="Ada Lopez", phone="+14155550188")
        with database.transaction() as session:
            changes = DriverChanges(address="12 Harbor Road, Oakland", emergency_contact=contact)
            service.change_own_record(session, actor=own, at=at, changes=changes)

        with database.reading() as reader:
            mine = queries.get_own_personal(reader, viewer=own, driver_id=fleet.driver_id)
        assert (mine.address, mine.emergency_name) == ("12 Harbor Road, Oakland", "Ada Lopez")

    def test_is_not_changed_by_the_driver_in_name_phone_birth_or_licence(self, database, own, at):
        with pytest.raises(Forbidden, match="against your documents"), database.transaction() as session:
            service.change_own_record(session, actor=own, at=at, changes=DriverChanges(name="Somebody Else"))

    def test_is_nobody_elses(self, database, ben, own):
        with database.reading() as reader, pytest.raises(NotFound):
            queries.get_own_personal(reader, viewer=own, driver_id=ben)


class TestSightOfPersonalData:
    def test_needs_its_own_right_and_the_park(self, database, fleet, ben):
        staff = Actor("user", 9, "Sam", roles=frozenset({"staff"}), parks=frozenset({fleet.park_id}))
        elsewhere = Actor("user", 9, "Olga", roles=frozenset({"operator"}), parks=frozenset({fleet.other_park_id}))
        with database.reading() as reader:
            with pytest.raises(Forbidden):
                queries.get_personal(reader, viewer=staff, driver_id=ben)
            with pytest.raises(NotFound):
                queries.get_personal(reader, viewer=elsewhere, driver_id=ben)
