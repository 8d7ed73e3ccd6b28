"""Everything about one driver: the card, the record, the steps of a life."""

from __future__ import annotations

import pytest

from core import vault
from core.audit import list_entries
from core.drivers import queries, service
from core.drivers.models import Driver
from core.drivers.schemas import AdmissionRules, DocumentKind, DriverChanges, NewDriver, Stage, StageReason, StageStep
from core.identity import service as identity
from core.permissions import Actor
from tests.conftest import ROOT
from tests.core.drivers.papers import hand_in
from tests.portals.page import check_fragment, check_page


@pytest.fixture
def newcomer(database, fleet, at):
    with database.transaction() as session:
        new = NewDriver(name="Ben Okri", phone="+14155550111", park_id=fleet.park_id)
        return service.register_driver(session, actor=ROOT, at=at, new=new, stage=Stage.VERIFYING)


class TestTheCard:
    def test_shows_who_how_far_whether_they_may_drive_and_what_happened(self, operator, fleet, database, at):
        hand_in(database, fleet.driver_id, at)

        page = operator.get(f"/operator/drivers/{fleet.driver_id}").text

        check_page(page)
        assert "Ana Lopez" in page and "tel:+14155550100" in page
        assert "To look at" in page and "Driving licence handed in" in page
        assert "Active: added by the office" in page and "Rental: " in page

    def test_shows_earlier_happenings_as_a_part(self, operator, fleet):
        headers = {"HX-Request": "true", "HX-Target": "div#timeline"}
        url = f"/operator/drivers/{fleet.driver_id}?before=2001-01-01T00:00:00%2B00:00"

        part = operator.get(url, headers=headers).text
        check_fragment(part)
        assert "Nothing earlier is known." in part

    def test_is_not_there_for_drivers_of_other_parks(self, operator, fleet, database, at):
        with database.transaction() as session:
            new = NewDriver(name="Cleo Adams", phone="+14155550112", park_id=fleet.other_park_id)
            elsewhere = service.register_driver(session, actor=ROOT, at=at, new=new)

        for url in (f"/operator/drivers/{elsewhere}", f"/operator/drivers/{elsewhere}/record"):
            assert operator.get(url).status_code == 404


class TestAStep:
    def test_is_taken_from_the_card(self, operator, newcomer):
        answer = operator.post(f"/operator/drivers/{newcomer}/stage", data={"stage": "active", "reason": "verified"})

        assert answer.status_code == 303
        assert "Active: all that is asked for was accepted" in operator.get(answer.location).text

    def test_says_what_is_in_the_way(self, operator, newcomer, database, fleet, at):
        with database.transaction() as session:
            rules = AdmissionRules(required_kinds=(DocumentKind.LICENCE,))
            service.set_admission(session, actor=ROOT, at=at, park_id=fleet.park_id, rules=rules)

        answer = operator.post(f"/operator/drivers/{newcomer}/stage", data={"stage": "active", "reason": "verified"})

        assert answer.status_code == 409
        check_page(answer.text)
        assert "Not ready to drive yet. The driving licence has not been accepted." in answer.text

    def test_wants_words_for_another_reason_and_keeps_what_was_typed(self, operator, newcomer):
        answer = operator.post(f"/operator/drivers/{newcomer}/stage", data={"stage": "refused", "reason": "other"})

        assert answer.status_code == 422
        assert "Say in words what the reason is." in answer.text


class TestTheRecord:
    def test_is_changed_and_the_look_at_it_written_down(self, operator, fleet, database):
        url = f"/operator/drivers/{fleet.driver_id}/record"
        page = operator.get(url).text
        check_page(page)
        with database.reading() as reader:
            entries = list_entries(reader, viewer=ROOT, subject=("driver", fleet.driver_id))
        assert entries[0]["action"] == "drivers.personal_data_seen"
        version = page.split('name="version" value="')[1].split('"')[0]
        typed = {
            "version": version,
            "name": "Ana Lopez",
            "phone": "+1 (415) 555-0100",
            "licence_country": "us",
            "licence_region": "ca",
            "licence_number": "D1234567",
            "licence_categories": "c, m1".replace("m1", "m"),
            "licence_valid_until": "2029-05-31",
        }

        answer = operator.post(url, data=typed)

        assert answer.status_code == 303
        with database.reading() as reader:
            known = queries.get_personal(reader, viewer=ROOT, driver_id=fleet.driver_id)
        assert (known.licence_number, known.licence_categories, known.phone) == ("D1234567", ("C", "M"), "+14155550100")

    def test_is_not_changed_over_what_somebody_else_changed(self, operator, fleet):
        url = f"/operator/drivers/{fleet.driver_id}/record"
        typed = {"version": "999", "name": "Ana Maria Lopez", "phone": "+14155550100"}

        answer = operator.post(url, data=typed)

        assert answer.status_code == 412
        assert 'value="Ana Maria Lopez"' in answer.text

    def test_says_beside_the_field_what_is_wrong(self, operator, fleet):
        url = f"/operator/drivers/{fleet.driver_id}/record"
        typed = {"name": "Ana Lopez", "phone": "+14155550100", "licence_number": "D1", "licence_country": "US"}

        answer = operator.post(url, data=typed)

        assert answer.status_code == 422
        check_page(answer.text)
        assert 'id="licence_categories-error"' in answer.text


class TestHandingInAtTheOffice:
    def test_shows_how_it_is_and_takes_pages(self, operator, fleet):
        page = operator.get(f"/operator/drivers/{fleet.driver_id}/hand-in").text
        check_page(page)
        kind = operator.get(f"/operator/drivers/{fleet.driver_id}/hand-in/insurance").text
        check_page(kind)

    def test_is_not_there_for_drivers_out_of_sight(self, operator):
        assert operator.get("/operator/drivers/999/hand-in").status_code == 404


class TestAnAccount:
    def test_is_given_once_at_the_address_of_the_record(self, operator, newcomer, database, at):
        refused = operator.post(f"/operator/drivers/{newcomer}/account")
        assert refused.status_code == 409
        assert "Enter it there first" in refused.text
        with database.transaction() as session:
            changes = DriverChanges(email="ben@example.test")
            service.change_driver(session, actor=ROOT, at=at, driver_id=newcomer, changes=changes)

        answer = operator.post(f"/operator/drivers/{newcomer}/account")

        assert answer.status_code == 201
        check_page(answer.text)
        link = answer.text.split("<code>")[1].split("</code>")[0]
        chosen = operator.post(link.partition("18000")[2], data={"password": "a long enough passphrase"})
        assert chosen.status_code in {302, 303}

    def test_shows_its_driver_their_documents(self, newcomer, database, fleet, at, app):
        with database.transaction() as session:
            changes = DriverChanges(email="ben@example.test")
            service.change_driver(session, actor=ROOT, at=at, driver_id=newcomer, changes=changes)
            service.give_account(session, actor=ROOT, at=at, driver_id=newcomer, post=identity.open_post(app.settings))

        with database.reading() as reader:
            user_id = queries.get_driver(reader, viewer=ROOT, driver_id=newcomer, at=at).user_id
            own = Actor("user", user_id, "Ben", roles=frozenset({"driver"}))
            mine = queries.find_own_driver(reader, viewer=own, at=at)
        assert mine is not None and mine.driver_id == newcomer


class TestSomebodyWhoWasErased:
    def test_stays_as_a_record_without_a_person_on_every_page(self, operator, newcomer, database, at):
        document_id = hand_in(database, newcomer, at)
        with database.transaction() as session:
            step = StageStep(stage=Stage.REFUSED, reason=StageReason.BACKGROUND, words="See the report")
            service.take_step(session, actor=ROOT, at=at, driver_id=newcomer, step=step)
            vault.erase_key(session, key_id=session.get_one(Driver, newcomer).key_id, at=at)

        for address in (
            "/operator/drivers?stage=refused",
            f"/operator/drivers/{newcomer}",
            f"/operator/drivers/{newcomer}/record",
            f"/operator/drivers/{newcomer}/hand-in",
            "/operator/drivers/verification",
            f"/operator/drivers/documents/{document_id}",
        ):
            answer = operator.get(address)
            assert answer.status_code == 200, address
            check_page(answer.text)
            assert "Ben Okri" not in answer.text and "See the report" not in answer.text
        assert f"Erased person {newcomer}" in operator.get(f"/operator/drivers/{newcomer}").text
