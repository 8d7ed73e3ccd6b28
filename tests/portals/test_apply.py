"""Applying without an account: by the park's link, and from then on by a private one."""

from __future__ import annotations

import io
import uuid

import pytest

from core.drivers import queries, service
from core.drivers.schemas import AdmissionRules, DocumentKind, Stage, StageReason, StageStep
from portals.apply import LIMIT
from tests.conftest import ROOT
from tests.core.drivers.papers import PNG, hand_in
from tests.portals.page import check_page

TYPED = {
    "name": "Ben Okri",
    "phone": "+1 415 555 0111",
    "birth_date": "1990-05-01",
    "licence_country": "US",
    "licence_region": "CA",
    "licence_number": "D1234567",
    "licence_categories": "C",
}


@pytest.fixture
def link(database, fleet, at):
    with database.transaction() as session:
        rules = AdmissionRules(required_kinds=(DocumentKind.LICENCE,), least_age_years=21, is_open=True)
        service.set_admission(session, actor=ROOT, at=at, park_id=fleet.park_id, rules=rules)
    with database.reading() as reader:
        return next(one.link for one in queries.list_admissions(reader, viewer=ROOT) if one.link)


@pytest.fixture
def mine(client, link):
    """The private page of somebody who has just applied."""
    return client.post(f"/apply/{link}", data=TYPED).location.partition("?")[0]


def send(client, mine, content=PNG):
    data = {"page": (io.BytesIO(content), "front.png"), "upload_key": str(uuid.uuid4())}
    return client.post(f"{mine}/documents/licence/pages", data=data, content_type="multipart/form-data")


class TestTheForm:
    def test_says_whose_it_is_and_what_will_be_asked_for(self, client, link):
        page = client.get(f"/apply/{link}").text

        check_page(page)
        assert "Drive for Bayview" in page and "driving licence" in page

    def test_leads_to_a_private_page_that_is_told_once(self, client, link):
        answer = client.post(f"/apply/{link}", data=TYPED)

        assert answer.status_code == 303
        page = client.get(answer.location).text
        check_page(page)
        assert "Your application is kept" in page and ">Missing<" in page
        assert "Your application is kept" not in client.get(answer.location.partition("?")[0]).text

    def test_keeps_what_was_typed_beside_the_problem(self, client, link):
        for field, typed in (
            ("birth_date", "2015-01-01"),
            ("birth_date", ""),
            ("phone", "415"),
            ("licence_region", ""),
        ):
            answer = client.post(f"/apply/{link}", data=TYPED | {field: typed})

            assert answer.status_code == 422
            check_page(answer.text)
            assert f'id="{field}-error"' in answer.text and 'value="Ben Okri"' in answer.text

    def test_tells_nothing_of_a_person_who_is_known(self, client, link, fleet):
        answer = client.post(f"/apply/{link}", data=TYPED | {"phone": "+14155550100"})

        assert answer.status_code == 409
        assert "Ana" not in answer.text and f"driver {fleet.driver_id}" not in answer.text

    def test_is_not_there_by_another_link(self, client, link):
        assert client.get("/apply/another").status_code == 404
        assert client.post("/apply/another", data=TYPED).status_code == 404

    def test_is_not_taken_for_ever_from_one_address(self, client, link):
        answers = [client.post(f"/apply/{link}", data={"phone": "1"}).status_code for _ in range(LIMIT.most + 1)]

        assert answers == [422] * LIMIT.most + [429]


class TestAPrivatePage:
    def test_takes_documents_and_shows_how_it_stands(self, client, mine, database):
        assert send(client, mine).status_code == 303
        assert send(client, mine).status_code == 303
        kind = client.get(f"{mine}/documents/licence").text
        check_page(kind)
        hand_in_url = kind.split('<div id="hand-in">')[1].split('action="')[1].split('"')[0]

        assert client.post(hand_in_url, data={}).status_code == 303
        assert "Being looked at" in client.get(mine).text

    def test_shows_its_own_pages_and_no_others(self, client, mine, database, fleet, at):
        send(client, mine)
        own = client.get(f"{mine}/documents/licence").text.split('class="paper-thumb" href="')[1].split('"')[0]
        assert client.get(own).data == PNG

        foreign = hand_in(database, fleet.driver_id, at)
        with database.reading() as reader:
            page = queries.get_document(reader, viewer=ROOT, document_id=foreign).pages[0]
        assert client.get(f"{mine}/documents/{foreign}/pages/{page.id}").status_code == 404
        assert client.post(f"{mine}/documents/{foreign}/pages/{page.id}/remove").status_code == 404
        assert client.post(f"{mine}/documents/{foreign}/hand-in", data={}).status_code == 404

    def test_says_when_the_park_did_not_take_them_and_takes_nothing_more(self, client, mine, database, at):
        with database.transaction() as session:
            (one,) = queries.list_records(session.connection(), viewer=ROOT, at=at, stage=Stage.APPLIED)
            step = StageStep(stage=Stage.REFUSED, reason=StageReason.NO_VEHICLE, words="Ask again in spring")
            service.take_step(session, actor=ROOT, at=at, driver_id=one.id, step=step)

        page = client.get(mine).text
        check_page(page)
        assert "did not take you" in page and "Ask again in spring" in page
        assert send(client, mine).status_code == 409

    def test_is_not_there_by_another_secret(self, client, mine):
        assert client.get("/apply/mine/another").status_code == 404
