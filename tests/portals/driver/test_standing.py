"""What drivers read about whether they may drive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access import service
from core.access.schemas import DocumentFact, DocumentState, IncidentFact, Severity
from core.config import StandingThresholds
from tests.conftest import ROOT
from tests.portals.page import check_page


@pytest.fixture
def note(database, fleet, at):
    def noted(key, fact):
        with database.transaction() as session:
            service.note_driver_fact(
                session,
                actor=ROOT,
                at=at,
                driver_id=fleet.driver_id,
                key=key,
                fact=fact,
                thresholds=StandingThresholds(),
            )

    return noted


class TestMyAccess:
    def test_is_open_while_nothing_speaks_against_it(self, sign_in):
        page = sign_in("driver").get("/driver/access").text
        check_page(page)
        assert "You may drive" in page
        assert 'aria-current="page"' in page

    def test_says_why_since_when_and_what_to_do(self, sign_in, note, at):
        note("medical", DocumentFact(as_of=at, state=DocumentState.MISSING))
        note("licence", DocumentFact(as_of=at, valid_until=at + timedelta(days=1)))
        page = sign_in("driver").get("/driver/access").text
        check_page(page)
        for words in (
            "with something to put right",
            "The medical certificate is missing.",
            "Hand the medical certificate in at the park.",
            "expires soon",
            "Changes by itself on",
            "How it changed",
        ):
            assert words in page
        assert "Tests" not in page

    def test_of_who_is_locked_out_says_that_the_vehicle_is_not(self, sign_in, note, at):
        note("i1", IncidentFact(as_of=at, severity=Severity.SEVERE, at=at))
        page = sign_in("driver").get("/driver/access").text
        check_page(page)
        assert "You are locked out" in page
        assert "Your vehicle, Car 1, is not locked by this." in page

    def test_is_nobody_elses(self, sign_in):
        assert sign_in("operator").get("/driver/access").status_code == 404
