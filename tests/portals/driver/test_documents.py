"""My documents and my data: what wants something, handing it in, and nobody else's."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta

import pytest

from core.drivers import queries, service
from core.drivers.schemas import AdmissionRules, DocumentKind, DocumentState
from tests.conftest import ROOT
from tests.core.drivers.papers import PNG, accept, hand_in, refuse
from tests.portals.page import check_page

URL = "/driver/documents"


@pytest.fixture
def driver(sign_in):
    return sign_in("driver")


@pytest.fixture
def asked_for(database, fleet, at):
    with database.transaction() as session:
        rules = AdmissionRules(required_kinds=(DocumentKind.LICENCE, DocumentKind.INSURANCE))
        service.set_admission(session, actor=ROOT, at=at, park_id=fleet.park_id, rules=rules)


def send(browser, kind="licence", *, content=PNG, name="front.png", key=None, url=URL):
    data = {"page": (io.BytesIO(content), name), "upload_key": str(key or uuid.uuid4())}
    return browser.post(f"{url}/{kind}/pages", data=data, content_type="multipart/form-data")


def list_mine(database, fleet):
    with database.reading() as reader:
        return queries.list_driver_documents(reader, viewer=ROOT, driver_id=fleet.driver_id)


class TestMyDocuments:
    def test_say_what_is_missing_and_lead_to_it(self, driver, asked_for):
        page = driver.get(URL).text

        check_page(page)
        assert page.count(">Missing<") == 2
        assert 'href="/driver/documents/licence"' in page

    def test_say_what_was_not_accepted_why_and_what_to_do(self, driver, asked_for, database, fleet, at):
        refuse(database, hand_in(database, fleet.driver_id, at), at, words="The number is cut off")

        page = driver.get(URL).text
        assert "Not accepted" in page and "cannot be read" in page
        assert "The number is cut off" in page and "Take it again by daylight" in page

    def test_say_how_long_an_accepted_one_holds(self, driver, database, fleet, at):
        accept(database, hand_in(database, fleet.driver_id, at), at, until=at.date() + timedelta(days=400))
        accepted = driver.get(URL).text
        assert "Accepted" in accepted and "Holds until" in accepted

    def test_say_when_one_runs_out(self, driver, database, fleet, at):
        accept(database, hand_in(database, fleet.driver_id, at), at, until=at.date() + timedelta(days=5))
        assert "days left" in driver.get(URL).text

    def test_are_handed_in_page_by_page(self, driver, asked_for, database, fleet):
        assert send(driver).status_code == 303
        begun = driver.get(f"{URL}/licence").text
        check_page(begun)
        assert "Now the back" in begun
        send(driver)

        (draft,) = list_mine(database, fleet)
        answer = driver.post(f"{URL}/{draft.id}/hand-in", data={"valid_until": "2030-01-31"})

        assert answer.status_code == 303
        assert "Being looked at" in driver.get(URL).text
        (found,) = list_mine(database, fleet)
        assert (found.state, found.valid_until.isoformat()) == (DocumentState.HANDED_IN, "2030-01-31")

    def test_take_a_page_that_is_sent_twice_once(self, driver, database, fleet):
        key = uuid.uuid4()
        for _ in range(2):
            assert send(driver, key=key).status_code == 303

        (draft,) = list_mine(database, fleet)
        assert len(draft.pages) == 1

    def test_refuse_what_is_no_picture_beside_its_field(self, driver):
        answer = send(driver, content=b"MZ not a picture", name="front.png")

        assert answer.status_code == 422
        check_page(answer.text)
        assert 'id="page-error"' in answer.text

    def test_want_a_file(self, driver):
        answer = driver.post(f"{URL}/licence/pages", data={})

        assert answer.status_code == 422
        assert "Choose a picture or a PDF." in answer.text

    def test_say_what_is_missing_before_they_can_be_handed_in(self, driver, database, fleet):
        send(driver)
        (draft,) = list_mine(database, fleet)

        answer = driver.post(f"{URL}/{draft.id}/hand-in", data={})

        assert answer.status_code == 422
        assert "The back of the driving licence is missing." in answer.text

    def test_are_shown_to_their_driver_alone(self, driver, database, fleet, sign_in, at):
        send(driver)
        (draft,) = list_mine(database, fleet)
        url = f"{URL}/{draft.id}/pages/{draft.pages[0].id}"
        answer = driver.get(url)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, PNG, "image/png")

        assert driver.get(f"{URL}/{draft.id}/pages/999").status_code == 404
        assert sign_in("operator").get(url).status_code == 404

    def test_lose_a_page_that_is_taken_out(self, driver, database, fleet):
        send(driver)
        (draft,) = list_mine(database, fleet)

        assert driver.post(f"{URL}/{draft.id}/pages/{draft.pages[0].id}/remove").status_code == 303
        assert list_mine(database, fleet)[0].pages == ()

    def test_of_a_kind_that_there_is_not_are_not_there(self, driver):
        assert driver.get(f"{URL}/tattoo").status_code == 404


class TestMyData:
    def test_are_shown_and_changed_where_that_needs_no_document(self, driver):
        typed = {"email": "ana@example.test", "emergency_name": "Luis Lopez", "emergency_phone": "+14155550188"}
        assert driver.post("/driver/me", data=typed).status_code == 303

        page = driver.get("/driver/me").text
        check_page(page)
        assert "Ana Lopez" in page and 'value="ana@example.test"' in page and "Luis Lopez" in page

    def test_keep_a_half_of_a_contact_beside_its_problem(self, driver):
        answer = driver.post("/driver/me", data={"emergency_name": "Luis Lopez"})

        assert answer.status_code == 422
        assert 'id="emergency_phone-error"' in answer.text and "Luis Lopez" in answer.text

    def test_are_not_changed_in_what_the_park_keeps(self, driver):
        assert driver.post("/driver/me", data={"name": "Somebody"}).status_code == 422
