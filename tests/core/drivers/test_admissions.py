"""How parks take drivers in: what they ask for, and people who apply by a link."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from core.drivers import queries, service
from core.drivers.models import Application
from core.drivers.schemas import AdmissionRules, DocumentKind, NewApplication, Personal, Stage, StageReason
from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from core.permissions import Actor, system
from tests.conftest import ROOT
from tests.core.drivers.papers import hand_in

PAGE = system("application page", "drivers:apply", "drivers:hand_in", "files:keep")
OPEN = AdmissionRules(required_kinds=(DocumentKind.LICENCE,), least_age_years=21, is_open=True)


def set_admission(database, park_id, at, rules=OPEN, *, actor=ROOT, versions=None):
    with database.transaction() as session:
        service.set_admission(session, actor=actor, at=at, park_id=park_id, rules=rules, versions=versions)


def find_admission(database, park_id):
    with database.reading() as reader:
        return next(one for one in queries.list_admissions(reader, viewer=ROOT) if one.park_id == park_id)


@pytest.fixture
def link(database, fleet, at):
    set_admission(database, fleet.park_id, at)
    return find_admission(database, fleet.park_id).link


def apply(database, link, at, *, phone="+14155550111", born=date(1990, 5, 1)):
    new = NewApplication(name="Ben Okri", phone=phone, personal=Personal(birth_date=born))
    with database.transaction() as session:
        return service.apply(session, actor=PAGE, at=at, link=link, new=new)


class TestWhatAParkAsksFor:
    def test_is_nothing_until_somebody_says_so(self, database, fleet):
        found = find_admission(database, fleet.park_id)
        assert (found.required_kinds, found.link, found.is_open) == ((), None, False)

    def test_is_what_was_said_last(self, database, fleet, at, link):
        set_admission(database, fleet.park_id, at, AdmissionRules(least_age_years=25))

        found = find_admission(database, fleet.park_id)
        assert (found.required_kinds, found.least_age_years, found.is_open) == ((), 25, False)
        assert found.link == link

    def test_is_not_said_over_what_somebody_else_said_meanwhile(self, database, fleet, at, link):
        version = find_admission(database, fleet.park_id).version
        set_admission(database, fleet.park_id, at, AdmissionRules())
        with pytest.raises(PreconditionFailed):
            set_admission(database, fleet.park_id, at, versions=[version])

    def test_is_said_for_parks_in_reach_alone(self, database, fleet, at):
        clerk = Actor("user", 3, "Dana", roles=frozenset({"operator"}), parks=frozenset({fleet.park_id}))
        with pytest.raises(NotFound):
            set_admission(database, fleet.other_park_id, at, actor=clerk)
        staff = Actor("user", 3, "Sam", roles=frozenset({"staff"}), parks=None)
        with pytest.raises(Forbidden):
            set_admission(database, fleet.park_id, at, actor=staff)


class TestAnApplication:
    def test_makes_somebody_who_has_applied_and_a_private_link(self, database, at, link):
        applied = apply(database, link, at)

        with database.reading() as reader:
            mine = queries.get_application(reader, viewer=PAGE, at=at, secret=applied.secret)
            (step,) = queries.list_timeline(reader, viewer=ROOT, driver_id=applied.driver_id)
        assert (mine.driver_id, mine.stage, mine.name, mine.park) == (
            applied.driver_id,
            Stage.APPLIED,
            "Ben Okri",
            "Bayview",
        )
        assert step.detail["reason"] == StageReason.APPLIED

    def test_hands_documents_in_without_an_account(self, database, at, link):
        applied = apply(database, link, at)
        document_id = hand_in(database, applied.driver_id, at, actor=PAGE)

        with database.reading() as reader:
            assert [one.id for one in queries.list_waiting(reader, viewer=ROOT)] == [document_id]

    def test_is_not_taken_by_a_link_that_is_closed_or_was_renewed(self, database, fleet, at, link):
        with database.transaction() as session:
            service.renew_application_link(session, actor=ROOT, at=at, park_id=fleet.park_id)
        with pytest.raises(NotFound):
            apply(database, link, at)
        set_admission(database, fleet.park_id, at, AdmissionRules(is_open=False))
        with pytest.raises(NotFound):
            apply(database, find_admission(database, fleet.park_id).link, at)

    def test_is_not_taken_of_who_is_too_young_by_a_day(self, database, at, link):
        today = at.date()
        born = date(today.year - 21, today.month, today.day) + timedelta(days=2)
        with pytest.raises(Invalid) as refused:
            apply(database, link, at, born=born)
        assert "21 or older" in refused.value.fields["birth_date"]

    def test_of_a_person_who_is_known_tells_nothing_about_them(self, database, fleet, at, link):
        with pytest.raises(Conflict) as refused:
            apply(database, link, at, phone="+14155550100")
        assert refused.value.fields == {"phone": "Already known."}
        assert refused.value.facts == {}

    def test_is_reached_by_its_own_link_and_no_longer_than_that_holds(self, database, at, link):
        applied = apply(database, link, at)
        with database.reading() as reader:
            for secret, moment in ((applied.secret, at + timedelta(days=91)), ("another", at)):
                with pytest.raises(NotFound):
                    queries.get_application(reader, viewer=PAGE, at=moment, secret=secret)

    def test_does_not_keep_its_secret(self, database, at, link):
        applied = apply(database, link, at)
        with database.reading() as reader:
            assert applied.secret not in repr(reader.execute(sa.select(Application.__table__)).all())
        assert applied.secret not in repr(applied)
