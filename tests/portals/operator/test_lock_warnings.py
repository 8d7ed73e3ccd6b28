"""The lock screen while a driver is warned, while all locks are held, and where somebody must say why."""

from __future__ import annotations

import re

import pytest

from core.access import queries, service
from core.access.schemas import ImmobilizationOrder, Reason
from core.config import AccessTiming
from tests.conftest import ROOT
from tests.core.access.fair import Debtor
from tests.orders import PLENTY
from tests.portals.page import check_fragment, check_page

LOCK = {"HX-Request": "true", "HX-Target": "section#lock"}


@pytest.fixture
def debtor(database, fleet, at):
    made = Debtor(database, fleet, at)
    made.tell()
    return made


@pytest.fixture
def vehicle(fleet):
    return f"/operator/vehicles/{fleet.vehicle_id}"


class TestAWarnedDriver:
    def test_is_shown_with_each_way_and_what_is_missing(self, operator, vehicle, debtor, at):
        debtor.lock()
        debtor.advance(at)

        page = operator.get(f"{vehicle}/lock").text

        check_page(page)
        assert "Approved: the driver is being warned" in page
        assert "Warning 1 of 1</b>, 72 h before, over 2 channels" in page
        assert "2 more ways are missing" in page
        assert "<b>Their own page</b>: on its way since" in page
        assert "<b>Letter</b>: on its way since" in page

    def test_is_told_by_a_call_that_the_office_notes_with_what_was_said(
        self, dispatcher, vehicle, debtor, at, database
    ):
        job_id = debtor.lock()
        debtor.advance(at)
        assert "I have called the driver" in dispatcher.get(f"{vehicle}/lock").text

        data = {"job_id": str(job_id), "words": "She pays on Friday"}
        assert dispatcher.post(f"{vehicle}/immobilization/call", data=data).status_code == 303

        page = dispatcher.get(f"{vehicle}/lock").text
        assert "“She pays on Friday”" in page
        assert "One more way is missing" in page
        assert "I have called the driver" not in page
        with database.reading() as reader:
            told = queries.list_notices(reader, viewer=ROOT, job_id=job_id)
        assert [(one.channel, one.told_by) for one in told if one.told_at] == [("phone", "user:3")]

    def test_is_not_told_by_a_call_of_which_nothing_is_said(self, operator, vehicle, debtor, at):
        job_id = debtor.lock()
        debtor.advance(at)

        answer = operator.post(
            f"{vehicle}/immobilization/call", data={"job_id": str(job_id), "words": " "}, headers=LOCK
        )

        assert answer.status_code == 422
        check_fragment(answer.text)
        assert "Some words are missing." in answer.text

    def test_is_announced_before_the_approval_and_offers_no_call_yet(
        self, operator, vehicle, debtor, database, fleet, at
    ):
        with database.transaction() as session:
            order = ImmobilizationOrder(reason=Reason.DEBT, note="Three weeks")
            service.immobilize(
                session,
                actor=ROOT,
                at=at,
                vehicle_id=fleet.vehicle_id,
                order=order,
                timing=AccessTiming(),
                limits=PLENTY,
            )

        page = operator.get(f"{vehicle}/lock").text

        assert "Once approved, the driver is warned" in page
        assert "To come" in page
        assert "I have called the driver" not in page

    def test_is_shown_to_the_administrator_who_can_note_a_call_too(self, sign_in, debtor, at):
        job_id = debtor.lock()
        debtor.advance(at)
        admin = sign_in("admin")
        page = admin.get(f"/admin/immobilizations/{job_id}").text
        check_page(page)
        assert "2 more ways are missing" in page

        answer = admin.post(f"/admin/immobilizations/{job_id}/call", data={"words": "Spoke to her"})

        assert answer.status_code == 303
        assert "One more way is missing" in admin.get(answer.location).text


class TestTheDecision:
    def test_is_told_with_its_version_and_inputs_in_words(self, operator, vehicle, debtor):
        debtor.lock()

        page = operator.get(f"{vehicle}/lock").text

        assert "Why the order was accepted: policy, version" in page
        assert "<dt>Debt</dt><dd>120.00\u00a0USD, paid weekly; overdue since" in page
        assert "3 days before over 2 channels" in page

    def test_is_told_to_administrators_in_the_same_words(self, sign_in, debtor):
        job_id = debtor.lock()

        assert (
            "<dt>Debt</dt><dd>120.00\u00a0USD, paid weekly"
            in sign_in("admin").get(f"/admin/immobilizations/{job_id}").text
        )


class TestTheHold:
    def test_is_told_on_the_lock_screen(self, operator, vehicle, database, at):
        with database.transaction() as session:
            service.hold(session, actor=ROOT, at=at, why="Something is wrong")

        assert "All locks are held by Tests: Something is wrong" in operator.get(f"{vehicle}/lock").text


class TestTheForm:
    def test_says_for_each_reason_what_the_law_of_the_park_asks(self, operator, vehicle):
        page = operator.get(f"{vehicle}/immobilization/new").text

        check_page(page)
        assert 'data-reason="debt"><b>Debt of the driver who has the vehicle:</b>' in page
        assert "full days overdue on a weekly plan" in page
        assert "unless you break the glass" in page

    @pytest.mark.parametrize("note", ["", "  a ", "abc"])
    def test_is_refused_without_a_note(self, operator, vehicle, note):
        data = {"reason": "maintenance", "method": "vialon_relay", "note": note}

        answer = operator.post(f"{vehicle}/immobilization", data=data)

        assert answer.status_code == 422
        check_page(answer.text)
        assert "at least 4 characters" in answer.text
        assert "Asked for" not in operator.get(f"{vehicle}/lock").text

    def test_of_the_administrator_is_refused_without_a_note_too(self, sign_in, fleet):
        data = {"vehicle_id": fleet.vehicle_id, "reason": "theft"}

        answer = sign_in("admin").post("/admin/immobilizations", data=data)

        assert answer.status_code == 422
        check_page(answer.text)
        assert "at least 4 characters" in answer.text


class TestTheStations:
    def stations(self, browser, vehicle):
        listed = browser.get(f"{vehicle}/lock").text.partition('<ol class="stations"')[2].partition("</ol>")[0]
        return re.findall(r'<span class="unseen">([^<]+): </span>(\w+)</li>', listed)

    def test_show_no_approval_and_no_warning_of_a_lock_that_has_neither(self, operator, vehicle):
        data = {"reason": "theft", "note": "Seen in the harbour", "break_glass": "true"}
        operator.post(f"{vehicle}/immobilization", data=data)

        assert self.stations(operator, vehicle) == [
            ("Done", "Ordered"),
            ("Now", "Safe"),
            ("To come", "Sent"),
            ("To come", "Confirmed"),
        ]

    def test_show_both_of_a_lock_for_debt(self, operator, vehicle, debtor):
        debtor.lock()

        assert self.stations(operator, vehicle)[:4] == [
            ("Done", "Ordered"),
            ("Done", "Approved"),
            ("Now", "Warned"),
            ("To come", "Safe"),
        ]
