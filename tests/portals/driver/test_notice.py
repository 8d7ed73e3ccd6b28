"""The notice of a lock, and how its driver starts the vehicle all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.access import service as access
from core.access.models import EmergencyCode, JobState, Notice, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.drivers import service as drivers
from core.drivers.schemas import NewDriver
from portals import emergency
from tests.conftest import ROOT
from tests.core.access.fair import Debtor
from tests.orders import PLENTY
from tests.portals.page import check_fragment, check_page

URL = "/driver/notice"
START = "/driver/emergency-start"


@pytest.fixture
def driver(sign_in):
    return sign_in("driver")


@pytest.fixture
def debtor(database, fleet, at):
    return Debtor(database, fleet, at)


@pytest.fixture
def set_state(database):
    def set_to(job_id, state):
        with database.transaction() as session:
            job = session.get_one(Job, job_id)
            job.state, job.finished_at = state, None if state.is_open else job.ordered_at

    return set_to


def make_codes(driver) -> list[str]:
    page = driver.post("/driver/codes", data={"sure": "1"})
    assert page.headers["Cache-Control"] == "no-store"
    check_page(page.text)
    return [part.partition("</code>")[0] for part in page.text.split("<code>")[1:]]


class TestTheNotice:
    def test_of_a_debt_says_what_why_when_and_what_to_do(self, driver, debtor, at):
        debtor.tell()
        debtor.lock()
        debtor.advance(at)
        page = driver.get(URL).text
        check_page(page)
        for words in (
            "going to be immobilized",
            "What you owe for the vehicle is overdue.",
            "120.00\u00a0USD",
            "overdue since",
            "Pay it.",
            "Promise a day.",
            "Dispute it.",
            "never switches off an engine that runs",
            "its number is on your rental papers",
            "Should it be locked in an emergency",
        ):
            assert words in page, words
        headers = {"HX-Request": "true", "HX-Target": "div#notice"}
        check_fragment(driver.get(URL, headers=headers).text)

    def test_is_noted_as_read_when_it_is_opened_and_not_when_it_is_fetched_ahead(self, driver, debtor, database, at):
        debtor.tell()
        debtor.lock()
        debtor.advance(at)

        def told():
            with database.transaction() as session:
                return session.scalars(sa.select(Notice.told_at).where(Notice.channel == "app")).one()

        driver.get("/driver/")
        driver.get(URL, headers={"Sec-Purpose": "prefetch"})
        assert told() is None
        assert driver.get(URL).text.count("has not reached you yet") == 1  # the letter
        assert told() is not None

    def test_is_silent_about_what_is_not_approved_and_about_theft_until_it_is_confirmed(
        self, driver, debtor, database, fleet, at, set_state
    ):
        order = ImmobilizationOrder(reason=Reason.SAFETY_LOCKDOWN)
        with database.transaction() as session:
            asked = access.immobilize(
                session,
                actor=ROOT,
                at=at,
                vehicle_id=fleet.vehicle_id,
                order=order,
                timing=AccessTiming(),
                limits=PLENTY,
            )
        assert "Nothing is locked" in driver.get(URL).text
        set_state(asked, JobState.CANCELLED)
        assert "Never locked" in driver.get("/driver/locks").text
        theft = debtor.lock(Reason.THEFT, at=at + timedelta(seconds=1))
        assert "Nothing is locked" in driver.get(URL).text
        assert "immobilized" not in driver.get("/driver/").text
        set_state(theft, JobState.CONFIRMED)
        page = driver.get(URL).text
        assert "reported stolen" in page and "Start in an emergency" not in page
        assert "reported stolen" in driver.get("/driver/locks").text

    def test_tells_nothing_of_what_another_driver_owes(self, driver, debtor, database, fleet, at, set_state):
        debtor.tell()
        lock = debtor.lock()
        set_state(lock, JobState.CONFIRMED)
        with database.transaction() as session:
            session.connection().exec_driver_sql(
                "UPDATE access_jobs SET driver_id = %s", (_another(session, fleet, at),)
            )
        page = driver.get(URL).text
        assert "nothing that you have done or owe" in page
        assert "120.00" not in page and "Pay it" not in page


class TestAnEmergencyStart:
    def test_releases_my_locked_vehicle_with_a_code_that_i_made(self, driver, debtor, database, at, set_state):
        lock = debtor.lock(Reason.MAINTENANCE)
        set_state(lock, JobState.CONFIRMED)
        assert "Make codes first" in driver.get(URL).text
        codes = make_codes(driver)
        page = driver.get(URL).text
        check_page(page)
        assert len(codes) == 2 and "2 good codes" in page and "hours" in page
        assert codes[0] not in driver.get("/driver/codes").text
        assert driver.post(START, data={"code": codes[0], "sure": "1"}).status_code == 303
        assert "Your vehicle is being released" in driver.get("/driver/").text
        with database.transaction() as session:
            used = session.scalars(sa.select(EmergencyCode).where(EmergencyCode.used_at.is_not(None))).one()
        assert used.lock_job_id == lock
        assert "is not locked for debt or contract until" in driver.get("/driver/codes").text

    def test_with_a_wrong_code_is_refused_beside_the_form(self, driver, debtor, set_state, monkeypatch):
        monkeypatch.setattr(emergency, "ANSWER_AFTER_S", 0.0)
        set_state(debtor.lock(Reason.MAINTENANCE), JobState.CONFIRMED)
        make_codes(driver)
        refused = driver.post(START, data={"code": "aaaa-aaaa-aaaa", "sure": "1"})
        assert refused.status_code == 422 and "The plate or the code is not right" in refused.text
        check_page(refused.text)

    def test_of_what_is_not_locked_leads_back_to_the_notice(self, driver, fleet):
        assert driver.post(START, data={"code": "x"}).location.endswith(URL)


def _another(session, fleet, at) -> int:
    another = NewDriver(name="Bea", phone="+14155550199", park_id=fleet.park_id)
    return drivers.register_driver(session, actor=ROOT, at=at, new=another)
