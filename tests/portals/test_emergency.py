"""Emergency start without an account: what it does, and what it tells nobody."""

from __future__ import annotations

import pytest

from core.access import service as access
from core.access.models import ImmobilizationJob as Job
from core.access.models import JobState, Reason
from portals import emergency
from tests.conftest import ROOT
from tests.core.access.fair import Debtor
from tests.portals.page import check_fragment, check_page

URL = "/emergency"


@pytest.fixture
def stranger(app):
    return app.test_client()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_AFTER_S", 0.0)


@pytest.fixture
def codes(database, fleet, at):
    with database.transaction() as session:
        return access.make_codes(session, actor=ROOT, at=at, driver_id=fleet.driver_id)


@pytest.fixture
def lock(database, fleet, at):
    def locked(reason=Reason.MAINTENANCE):
        job_id = Debtor(database, fleet, at).lock(reason)
        with database.transaction() as session:
            job = session.get_one(Job, job_id)
            job.state, job.finished_at = JobState.CONFIRMED, at
        return job_id

    return locked


def send(browser, plate, code):
    return browser.post(URL, data={"plate": plate, "code": code})


class TestAStart:
    def test_takes_plate_and_code_and_says_how_it_goes(self, stranger, database, codes, lock):
        lock()
        check_page(stranger.get(URL).text)
        sent = send(stranger, "7abc 123", codes[0].upper())
        assert sent.status_code == 303
        page = stranger.get(sent.location).text
        check_page(page)
        assert "is being released" in page and "is not locked again" in page and 'hx-trigger="every 2s"' in page
        with database.transaction() as session:
            session.connection().exec_driver_sql(
                "UPDATE access_jobs SET state = 'confirmed', finished_at = ordered_at WHERE kind = 'release'"
            )
        headers = {"HX-Request": "true", "HX-Target": "section#progress"}
        fragment = stranger.get(sent.location, headers=headers).text
        check_fragment(fragment)
        assert "Start the engine now" in fragment and "hx-get" not in fragment

    def test_answers_a_wrong_plate_and_a_wrong_code_alike(self, stranger, codes, lock, quick):
        lock()
        said = {send(stranger, *tried).text for tried in (("7ABC123", "aaaa-aaaa-aaaa"), ("7ABC123", ""))}
        said |= {send(stranger, "NONE1", codes[0]).text.replace("NONE1", "7ABC123")}
        nonceless = {page.partition("<main")[2].replace(_token(page), "") for page in said}
        assert len(nonceless) == 1 and "The plate or the code is not right" in nonceless.pop()
        assert send(stranger, "7ABC123", codes[0]).status_code == 303

    def test_refuses_no_sooner_than_it_says(self, stranger, codes, monkeypatch):
        waits = []
        monkeypatch.setattr(emergency.time, "sleep", waits.append)
        send(stranger, "NONE1", codes[0])
        assert len(waits) == 1 and 0 < waits[0] <= emergency.ANSWER_AFTER_S

    def test_of_what_is_not_locked_keeps_the_code(self, stranger, codes, lock):
        assert "the code was not used" in send(stranger, "7ABC123", codes[0]).text
        lock()
        assert send(stranger, "7ABC123", codes[0]).status_code == 303

    def test_is_for_the_office_when_the_vehicle_was_stolen(self, stranger, codes, lock):
        lock(Reason.THEFT)
        refused = send(stranger, "7ABC123", codes[0])
        assert refused.status_code == 403 and "only be released by the office" in refused.text

    @pytest.mark.parametrize("what", ["address", "plate"])
    def test_may_be_tried_so_often(self, stranger, codes, lock, quick, monkeypatch, what):
        lock()
        name = {"address": "ADDRESS_LIMIT", "plate": "PLATE_LIMIT"}[what]
        monkeypatch.setattr(emergency, name, emergency.Limit(f"few {what}", most=2, per_s=900))
        tried = [send(stranger, "7ABC123", "aaaa-aaaa-aaaa").status_code for _ in range(3)]
        assert tried == [422, 422, 429]
        last = send(stranger, "7-ABC-123", codes[0])
        assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0
        check_page(last.text)


class TestTheLink:
    def test_is_signed(self, stranger, codes, lock):
        assert stranger.get(f"{URL}/00000000-0000-0000-0000-000000000000").status_code == 404
        lock()
        link = send(stranger, "7ABC123", codes[0]).location
        assert stranger.get(link).status_code == 200
        # Not the last letter, of which some bits say nothing.
        assert stranger.get(f"{link[:-5]}{'A' if link[-5] != 'A' else 'B'}{link[-4:]}").status_code == 404


def _token(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]
