"""My assets: is it there, does it work; of nobody else, and never where."""

from datetime import timedelta

import pytest

from core import clock
from core.identity import service as identity
from core.investors import service as investors
from core.permissions import system
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles import service as vehicles
from core.vehicles.models import VehicleStatus
from tests.conftest import PASSWORD, ROOT
from tests.portals.page import check_fragment, check_page

LAT, LON = 37.77491, -122.41942


@pytest.fixture
def report(database):
    def told(vehicle_id, *, ago=timedelta(0), **measured):
        at = clock.now() - ago
        point = Point(ts=at, lat=LAT, lon=LON, **measured)
        with database.transaction() as session:
            telemetry.ingest(
                session,
                actor=system("gateway"),
                at=at,
                source="wialon_ips",
                readings=[Reading(index=0, vehicle_id=vehicle_id, point=point)],
            )

    return told


@pytest.fixture
def rent_out(database, fleet):
    def rented():
        with database.transaction() as session:
            vehicles.change_status(
                session,
                actor=ROOT,
                at=clock.now(),
                vehicle_id=fleet.vehicle_id,
                status=VehicleStatus.RENTED,
                reason="Handed over",
            )

    return rented


def look(browser):
    answer = browser.get("/investor/")
    assert answer.status_code == 200
    check_page(answer.text)
    return answer.text


class TestMyAssets:
    def test_say_what_i_hold(self, sign_in, at):
        text = look(sign_in("investor"))
        for part in ("Car 1", "Honda Accord 2021", "Bayview", "50 %", f"{at:%-d %b %Y}", "0.50 whole vehicles"):
            assert part in text

    def test_say_that_a_vehicle_has_never_reported(self, sign_in):
        text = look(sign_in("investor"))
        assert "No report yet" in text
        assert "0 of 1" in text

    @pytest.mark.parametrize(
        ("measured", "does"), [({"speed_kmh": 43.0}, "Moving"), ({"speed_kmh": 0.0}, "Standing"), ({}, "Reporting")]
    )
    def test_say_what_a_vehicle_does_now(self, sign_in, fleet, report, rent_out, measured, does):
        rent_out()
        report(fleet.vehicle_id, odometer_m=84_211_400, **measured)
        text = look(sign_in("investor"))
        assert f">{does}<" in text
        assert "84\u202f211\u00a0km" in text
        assert "1 of 1" in text

    def test_call_a_vehicle_silent_that_has_not_reported_for_ten_minutes(self, sign_in, fleet, report, rent_out):
        rent_out()
        report(fleet.vehicle_id, ago=timedelta(minutes=11), speed_kmh=43.0)
        text = look(sign_in("investor"))
        assert ">Silent<" in text
        assert "0 of 1" in text

    def test_do_not_count_a_vehicle_out_of_service_as_working(self, sign_in, fleet, report):
        report(fleet.vehicle_id, speed_kmh=0.0)
        text = look(sign_in("investor"))
        assert ">Onboarding<" in text
        assert "0 of 1" in text

    def test_never_say_where_a_vehicle_is(self, sign_in, fleet, report):
        report(fleet.vehicle_id, speed_kmh=43.0)
        text = look(sign_in("investor"))
        assert "37.77" not in text
        assert "122.4" not in text

    def test_never_show_what_others_hold(self, app, sign_in, fleet, database):
        with database.transaction() as session:
            other = identity.create_user(
                session,
                actor=ROOT,
                at=clock.now(),
                email="other@example.test",
                name="Other",
                password=PASSWORD,
                roles=["investor"],
            )
            investors.record_holding(
                session,
                actor=ROOT,
                at=clock.now(),
                user_id=other,
                vehicle_id=fleet.other_vehicle_id,
                share_ppm=1_000_000,
                since=clock.now().date(),
            )
        assert "Vue" not in look(sign_in("investor"))
        browser = app.test_client()
        browser.post("/sign-in", data={"email": "other@example.test", "password": PASSWORD})
        assert "Vue" in look(browser)
        assert "Accord" not in look(browser)

    def test_say_what_to_do_when_there_are_none(self, app, fleet, database):
        with database.transaction() as session:
            identity.create_user(
                session,
                actor=ROOT,
                at=clock.now(),
                email="new@example.test",
                name="New",
                password=PASSWORD,
                roles=["investor"],
            )
        browser = app.test_client()
        browser.post("/sign-in", data={"email": "new@example.test", "password": PASSWORD})
        assert "ask the park to record it" in look(browser)

    def test_renew_themselves_by_their_own_fragment(self, sign_in):
        browser = sign_in("investor")
        answer = browser.get("/investor/", headers={"HX-Request": "true", "HX-Target": "div#assets"})
        check_fragment(answer.text)
        assert answer.text.lstrip().startswith('<div id="assets"')


class TestThePortal:
    def test_is_closed_to_every_other_role(self, sign_in):
        for role in ("admin", "operator", "driver"):
            answer = sign_in(role).get("/investor/")
            assert answer.status_code == 404, role

    def test_opens_no_other_portal(self, sign_in):
        browser = sign_in("investor")
        for address in ("/operator/", "/driver/", "/admin/"):
            assert browser.get(address).status_code == 404

    def test_sends_a_stranger_to_the_sign_in_page(self, client):
        assert client.get("/investor/").headers["Location"] == "/sign-in?next=/investor/"
