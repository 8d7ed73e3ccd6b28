"""What a driver sees first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access import service as access
from core.access.models import Reason
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.drivers import service as drivers
from core.identity import service as identity
from tests.conftest import PASSWORD, ROOT
from tests.orders import order_lock
from tests.portals.page import check_fragment, check_page
from tests.portals.reports import report


@pytest.fixture
def driver(sign_in):
    return sign_in("driver")


@pytest.fixture
def lock(database, fleet, at):
    """The driver's vehicle is ordered to be locked."""
    order = ImmobilizationOrder(reason=Reason.CONTRACT_ENDED)
    with database.transaction() as session:
        order_lock(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, order=order)


class TestToday:
    def test_names_my_vehicle_and_how_it_is(self, driver, database, fleet, at):
        report(database, fleet.vehicle_id, at=at, fuel_pct=64.0, odometer_m=84_512_000)

        page = driver.get("/driver/").text

        check_page(page)
        for shown in ("Car 1", "7ABC123", "Accord", "Rental since", "64\xa0%", "84\u202f512\xa0km"):
            assert shown in page
        assert f'datetime="{at.isoformat()}"' in page
        assert "immobilized" not in page

    def test_renews_itself(self, driver):
        headers = {"HX-Request": "true", "HX-Target": "section#mine"}

        fragment = driver.get("/driver/", headers=headers).text

        check_fragment(fragment)
        assert "Car 1" in fragment

    def test_says_when_the_vehicle_has_not_reported(self, driver):
        assert "has not reported yet" in driver.get("/driver/").text

    def test_tells_whom_to_call(self, driver):
        assert 'href="tel:112"' in driver.get("/driver/").text


class TestMyLock:
    def test_is_announced_with_its_reason_and_what_to_do(self, driver, lock):
        page = driver.get("/driver/").text

        check_page(page)
        assert "Your vehicle is going to be immobilized" in page
        assert "Your contract for the vehicle has ended." in page
        assert "Bring the vehicle back, or call the office" in page
        assert 'href="/driver/notice"' in page

    def test_is_called_a_release_once_one_is_on_its_way(self, driver, lock, database, fleet, at):
        with database.transaction() as session:
            later = at + timedelta(seconds=1)
            access.release(session, actor=ROOT, at=later, vehicle_id=fleet.vehicle_id, timing=AccessTiming())

        page = driver.get("/driver/").text

        assert "Your vehicle is being released" in page
        assert "about to be immobilized" not in page

    @pytest.mark.parametrize(
        ("state", "words"),
        [("confirmed", "Your vehicle is immobilized"), ("failed", "Your vehicle may be immobilized")],
    )
    def test_says_how_it_ended(self, driver, lock, database, state, words):
        with database.transaction() as session:
            session.connection().exec_driver_sql("UPDATE access_jobs SET state = %s, finished_at = now()", (state,))

        assert words in driver.get("/driver/").text

    def test_of_somebody_elses_vehicle_is_not_mine(self, driver, database, fleet, at):
        with database.transaction() as session:
            drivers.end_assignment(session, actor=ROOT, at=at, driver_id=fleet.driver_id)

        page = driver.get("/driver/").text

        check_page(page)
        assert "No vehicle now" in page
        assert "Car 1" not in page


class TestNewcomer:
    def test_is_told_that_the_account_is_not_linked_yet(self, app, database, fleet, at):
        with database.transaction() as session:
            identity.create_user(
                session, actor=ROOT, at=at, email="new@example.test", name="New", password=PASSWORD, roles=["driver"]
            )
        browser = app.test_client()
        browser.post("/sign-in", data={"email": "new@example.test", "password": PASSWORD})

        page = browser.get("/driver/").text

        check_page(page)
        assert "not linked to a driver yet" in page


class TestGate:
    def test_turns_an_operator_away(self, sign_in):
        assert sign_in("operator").get("/driver/").status_code == 404
