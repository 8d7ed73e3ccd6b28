"""The office's page about whether a driver may drive."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.access import queries, service
from core.access.schemas import HoldStatus, IncidentFact, NewHold, Severity
from core.config import StandingThresholds
from core.drivers import service as drivers
from core.permissions import OPERATOR, Actor
from tests.conftest import ROOT
from tests.portals.page import check_page

PAGE = "/operator/drivers/1/access"
PERSON = Actor("user", 2, "Olga", roles=frozenset({OPERATOR}), parks=None)


@pytest.fixture
def rules(database, at):
    """The rules by which the driver stands now."""

    def read():
        with database.reading() as reader:
            standing = queries.get_standing(reader, viewer=ROOT, at=at, driver_id=1)
        return standing.status, [reason.rule for reason in standing.reasons]

    return read


@pytest.fixture
def incident(database, fleet, at):
    """A severe incident that is under investigation."""
    fact = IncidentFact(as_of=at - timedelta(hours=1), severity=Severity.SEVERE, at=at - timedelta(hours=2))
    with database.transaction() as session:
        service.note_driver_fact(
            session, actor=ROOT, at=at, driver_id=1, key="2026-7", fact=fact, thresholds=StandingThresholds()
        )


class TestTheListOfDrivers:
    def test_leads_to_the_page_by_the_badge(self, operator):
        assert f'href="{PAGE}" aria-label="Active: access of Ana Lopez"' in operator.get("/operator/drivers").text


class TestThePage:
    def test_of_a_driver_of_whom_nothing_is_known(self, operator):
        page = operator.get(PAGE).text
        check_page(page)
        for words in ("Nothing speaks against it", "Nothing has been told", "It never changed", "Car 1"):
            assert words in page

    def test_says_why_the_way_back_and_proposes_but_never_locks(self, operator, incident, database):
        page = operator.get(PAGE).text
        check_page(page)
        for words in ("A severe incident is under investigation.", "a person there reviews it", "Incident 2026-7"):
            assert words in page
        assert "Proposal: immobilize Car 1." in page
        assert "Active <span" in page and "Locked out" in page
        with database.reading() as reader:
            assert queries.list_jobs(reader, viewer=ROOT) == []

    def test_of_another_park_is_not_there(self, operator, database):
        with database.transaction() as session:
            session.connection().exec_driver_sql("UPDATE drivers_drivers SET park_id = 2 WHERE id = 1")
        assert operator.get(PAGE).status_code == 404
        answer = operator.post(f"{PAGE}/hold", data={"status": "suspended", "why": "Complaint."})
        assert answer.status_code == 404


class TestNoting:
    def test_a_document_takes_its_last_day_in_the_park(self, operator, rules, at):
        typed = {"document.key": "licence", "document.state": "held", "document.valid_until": "2020-02-29"}
        answer = operator.post(f"{PAGE}/facts", data=typed)
        assert answer.status_code == 303
        assert rules() == ("suspended", ["document_expired"])
        page = operator.get(answer.location).text
        check_page(page)
        assert "The driving licence has expired." in page
        assert re.search(r"Held, until 1 Mar 2020", page)

    def test_a_rating_and_its_withdrawal_are_each_one_step(self, operator, rules):
        operator.post(f"{PAGE}/facts", data={"rating.key": "own", "rating.value": "3.5", "rating.trips": "120"})
        assert rules() == ("restricted", ["rating_low"])
        operator.post(f"{PAGE}/facts/withdraw", data={"kind": "rating", "key": "own"})
        assert rules() == ("active", [])
        page = operator.get(PAGE).text
        assert "Withdrawn" in page
        assert "No longer: The rating is 3.50" in page

    def test_that_an_incident_is_cleared_up_leaves_its_lock_out_to_a_review(self, operator, incident, rules):
        form = operator.get(PAGE).text
        happened = re.search(r'name="incident.happened_at" value="([^"]+)"', form)[1]
        typed = {"incident.key": "2026-7", "incident.severity": "severe", "incident.happened_at": happened}
        operator.post(f"{PAGE}/facts", data={**typed, "incident.resolved": "1"})
        assert rules() == ("locked_out", ["review_pending"])
        answer = operator.post(f"{PAGE}/hold/lift", data={"review": "Spoke with the police."})
        assert (answer.status_code, rules()) == (303, ("active", []))

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"document.key": "licence", "document.state": "held", "document.valid_until": "soon"}, "Enter a date."),
            ({"rating.key": "own", "rating.value": "6", "rating.trips": "1"}, "from 0 to 5"),
            ({"rating.key": "My Own", "rating.value": "4", "rating.trips": "1"}, "in small letters"),
            (
                {"incident.key": "i1", "incident.severity": "minor", "incident.happened_at": "2199-01-01T00:00"},
                "that has passed",
            ),
            ({}, "This was not taken."),
        ],
    )
    def test_keeps_what_was_typed_beside_the_problem(self, operator, typed, words):
        answer = operator.post(f"{PAGE}/facts", data=typed)
        assert answer.status_code == 422
        check_page(answer.text)
        assert words in answer.text
        for value in typed.values():
            assert value in answer.text


class TestByHand:
    def test_a_suspension_is_read_by_the_driver_and_lifted_with_a_reason(self, operator, sign_in, rules):
        operator.post(f"{PAGE}/hold", data={"status": "suspended", "why": "A passenger complained."})
        assert rules() == ("suspended", ["manual_suspension"])
        driver = sign_in("driver").get("/driver/access").text
        check_page(driver)
        assert "You are suspended" in driver and "A passenger complained." in driver
        assert "Operator" not in driver
        assert "Reviewed: lift it" in operator.get(PAGE).text
        operator.post(f"{PAGE}/hold/lift", data={"review": "Cleared."})
        assert rules() == ("active", [])

    def test_is_refused_in_words(self, operator, incident):
        for path, typed, words in (
            ("hold", {"status": "locked_out", "why": "Fraud.", "until": "2199-01-01T00:00"}, "a time to come"),
            ("hold", {"status": "suspended", "why": "x"}, "The driver reads it."),
            ("hold/lift", {"review": "Fine."}, "stays locked out"),
            ("hold/lift", {}, "This was not taken."),
        ):
            answer = operator.post(f"{PAGE}/{path}", data=typed)
            assert answer.status_code in {409, 422}
            check_page(answer.text)
            assert words in answer.text

    def test_keeps_a_driver_from_being_given_a_vehicle(self, operator, database, fleet, at):
        with database.transaction() as session:
            drivers.end_assignment(session, actor=ROOT, at=at, driver_id=1)
            new = NewHold(status=HoldStatus.SUSPENDED, why="A passenger complained.")
            service.hold_driver(session, actor=PERSON, at=at, driver_id=1, new=new, thresholds=StandingThresholds())
        offered = operator.get("/operator/drivers/1/assignment/new").text
        check_page(offered)
        assert "Ana Lopez is suspended and cannot be given a vehicle. A passenger complained." in offered
        answer = operator.post("/operator/drivers/1/assignment", data={"vehicle_id": "1", "kind": "rental"})
        assert answer.status_code == 409
        assert "Ana Lopez is suspended and cannot be given a vehicle. A passenger complained." in answer.text
