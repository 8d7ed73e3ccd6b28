"""Documents that wait: the queue, one beside what it must agree with, and the decision."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit import list_entries
from core.drivers import queries
from core.drivers.schemas import DocumentKind, DocumentState
from tests.conftest import ROOT
from tests.core.drivers.papers import PNG, hand_in
from tests.portals.page import check_page

URL = "/operator/drivers/documents"


@pytest.fixture
def document_id(database, fleet, at):
    return hand_in(database, fleet.driver_id, at)


def find(database, document_id):
    with database.reading() as reader:
        return queries.get_document(reader, viewer=ROOT, document_id=document_id)


class TestTheQueue:
    def test_shows_what_waits_and_says_when_nothing_does(self, operator, database, fleet, at):
        assert "Nothing waits" in operator.get("/operator/drivers/verification").text
        document_id = hand_in(database, fleet.driver_id, at)

        page = operator.get("/operator/drivers/verification").text
        check_page(page)
        assert f'href="{URL}/{document_id}"' in page and "Ana Lopez" in page

    def test_is_narrowed_to_a_kind(self, operator, document_id):
        assert (
            f'href="{URL}/{document_id}"'
            not in operator.get("/operator/drivers/verification?kind=insurance").text.split("<table")[-1]
        )


class TestADocumentOnTheDesk:
    def test_is_beside_what_it_must_agree_with_and_the_looks_are_written_down(
        self, operator, document_id, database, fleet
    ):
        page = operator.get(f"{URL}/{document_id}").text
        check_page(page)
        assert "Must agree with" in page and "Accept" in page
        first = find(database, document_id).pages[0]
        assert operator.get(f"{URL}/{document_id}/pages/{first.id}").data == PNG

        with database.reading() as reader:
            entries = list_entries(reader, viewer=ROOT, subject=("driver", fleet.driver_id))
        looks = [entry["detail"]["what"] for entry in entries if entry["action"] == "drivers.personal_data_seen"]
        assert looks == [f"document {document_id} page {first.id}", "record"]

    def test_is_accepted_and_leads_to_the_next_of_the_same_driver(self, operator, document_id, database, fleet, at):
        other = hand_in(database, fleet.driver_id, at, kind=DocumentKind.INSURANCE, pages=1)
        until = (at.date() + timedelta(days=300)).isoformat()

        answer = operator.post(f"{URL}/{document_id}/accept", data={"valid_until": until})

        assert (answer.status_code, answer.location) == (303, f"{URL}/{other}")
        assert find(database, document_id).state is DocumentState.ACCEPTED
        last = operator.post(f"{URL}/{other}/accept", data={"valid_until": until})
        assert last.location == "/operator/drivers/verification"

    def test_is_not_accepted_without_a_day_to_come(self, operator, document_id):
        for until, words in (("", "Enter the last day"), ("2001-01-01", "refuse it as expired")):
            answer = operator.post(f"{URL}/{document_id}/accept", data={"valid_until": until})

            assert answer.status_code == 422
            check_page(answer.text)
            assert words in answer.text

    def test_is_refused_with_a_reason(self, operator, document_id, database):
        answer = operator.post(f"{URL}/{document_id}/refuse", data={"reason": "expired", "words": "Since May"})

        assert answer.status_code == 303
        found = find(database, document_id)
        assert (found.state, found.words) == (DocumentState.REFUSED, "Since May")
        page = operator.get(f"{URL}/{document_id}").text
        check_page(page)
        assert "Since May" in page and "data-accept" not in page

    def test_is_not_refused_without_one(self, operator, document_id):
        assert operator.post(f"{URL}/{document_id}/refuse", data={}).status_code == 422

    def test_is_decided_by_the_first_of_two(self, operator, dispatcher, document_id, at):
        until = (at.date() + timedelta(days=300)).isoformat()
        assert operator.post(f"{URL}/{document_id}/accept", data={"valid_until": until}).status_code == 303

        answer = dispatcher.post(f"{URL}/{document_id}/refuse", data={"reason": "expired"})

        assert answer.status_code == 409
        assert "was accepted meanwhile" in answer.text


class TestAdmission:
    def test_is_set_for_a_park_and_shows_its_link(self, operator, fleet):
        page = operator.get("/operator/drivers/admission").text
        check_page(page)
        assert "Bayview" in page and "Mission" not in page
        typed = {"required_kinds": ["licence", "identity"], "least_age_years": "21", "is_open": "1"}

        answer = operator.post(f"/operator/drivers/admission/{fleet.park_id}", data=typed)

        assert answer.status_code == 303
        page = operator.get("/operator/drivers/admission").text
        check_page(page)
        assert "/apply/" in page and "Takes applications" in page

    def test_keeps_an_age_within_reason(self, operator, fleet):
        answer = operator.post(f"/operator/drivers/admission/{fleet.park_id}", data={"least_age_years": "7"})

        assert answer.status_code == 422
        assert "from 16 to 30" in answer.text

    def test_gets_another_link(self, operator, fleet):
        operator.post(f"/operator/drivers/admission/{fleet.park_id}", data={"least_age_years": "18"})
        before = operator.get("/operator/drivers/admission").text.split("/apply/")[1][:12]

        assert operator.post(f"/operator/drivers/admission/{fleet.park_id}/link").status_code == 303
        assert before not in operator.get("/operator/drivers/admission").text

    def test_of_another_park_does_not_exist(self, operator, fleet):
        answer = operator.post(f"/operator/drivers/admission/{fleet.other_park_id}", data={"least_age_years": "18"})
        assert answer.status_code == 404
