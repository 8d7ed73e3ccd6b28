"""What drivers read of their rating, and what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.schemas import DocumentFact, DocumentState
from tests.core.ratings.conftest import Park
from tests.portals.page import check_page


@pytest.fixture
def park(database, fleet, at):
    return Park(database, fleet, at)


@pytest.fixture
def driver(sign_in):
    return sign_in("driver")


class TestMyRating:
    def test_says_that_there_is_none_yet(self, driver):
        page = driver.get("/driver/rating").text
        check_page(page)
        assert "Not rated yet" in page

    def test_is_explained_line_by_line_with_what_was_counted(self, driver, park, at):
        park.drive(300, overspeed=12)
        park.keep(at + timedelta(days=1))
        page = driver.get("/driver/rating").text
        check_page(page)
        for words in (
            "Everybody begins at 4.50",
            "12 times, 4.0 per 100 km",
            "Counts at 50 %",
            "300",
            "Rules version 1",
        ):
            assert words in page, words
        counted = driver.get("/driver/rating/overspeed").text
        check_page(counted)
        assert counted.count("<b>Overspeed</b>") == 12
        assert driver.get("/driver/rating/luck").status_code == 404


class TestFeedback:
    def test_is_given_changed_and_taken_back(self, driver, park):
        assert "No colleagues yet" in driver.get("/driver/feedback").text
        park.hire(1)
        other = park.people[1][0]
        answer = driver.post(
            "/driver/feedback", data={"driver_id": other, "score": "4", "words": "Kind."}, follow_redirects=True
        )
        check_page(answer.text)
        assert "<b>Person 0</b>: 4 of 5" in answer.text
        answer = driver.post(f"/driver/feedback/{other}/withdrawal", follow_redirects=True)
        assert "Taken back" in answer.text
        assert "4 of 5" not in answer.text

    def test_that_says_nothing_names_the_field(self, driver, park):
        park.hire(1)
        answer = driver.post("/driver/feedback", data={"driver_id": park.people[1][0]})
        assert answer.status_code == 422
        check_page(answer.text)


class TestMyAppeals:
    def test_are_handed_in_decided_and_answered(self, driver, sign_in, park, at):
        park.note("licence", DocumentFact(as_of=at, state=DocumentState.REFUSED))
        page = driver.get("/driver/appeals").text
        check_page(page)
        assert "document:licence" in page
        data = {"against": "document:licence", "words": "It is valid until May."}
        answer = driver.post("/driver/appeals", data=data, follow_redirects=True)
        check_page(answer.text)
        assert "Waits for an answer" in answer.text
        assert driver.post("/driver/appeals", data=data).status_code == 409

        decision = {"decision": "granted", "reason": "It can be read."}
        assert sign_in("operator").post("/operator/appeals/1/decision", data=decision).status_code == 409
        colleague = sign_in("dispatcher")
        shown = colleague.get("/operator/appeals/1").text
        check_page(shown)
        assert "It is valid until May." in shown
        answer = colleague.post("/operator/appeals/1/decision", data=decision, follow_redirects=True)
        check_page(answer.text)
        assert "Granted" in answer.text
        assert "It can be read." in driver.get("/driver/appeals").text
        assert "You may drive" in driver.get("/driver/access").text


class TestTheOffice:
    def test_reads_all_ratings_and_what_one_rests_on(self, sign_in, park, at):
        park.drive(300, overspeed=12)
        park.keep(at + timedelta(days=1))
        office = sign_in("operator")
        listed = office.get("/operator/ratings").text
        check_page(listed)
        assert "Ana Lopez" in listed
        shown = office.get("/operator/drivers/1/rating").text
        check_page(shown)
        assert 'id="counted-overspeed"' in shown
