"""Everything about one vehicle."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.drivers import service as drivers
from core.vehicles import service
from core.vehicles.schemas import NewVehicle
from tests.conftest import ROOT
from tests.portals.page import check_fragment, check_page
from tests.portals.reports import report


@pytest.fixture
def card(fleet):
    return f"/operator/vehicles/{fleet.vehicle_id}"


class TestCard:
    def test_tells_everything_about_a_vehicle(self, operator, fleet, card, database, at):
        report(database, fleet.vehicle_id, at=at, seconds=3, speed_kmh=43.0, ignition=True, fuel_pct=64.0)

        page = operator.get(card).text

        check_page(page)
        for shown in ("1HGCM82633A004352", "860000000000001", "vialon_relay", "Moving at 43 km/h", "64\xa0%"):
            assert shown in page
        assert "Last 3 reports" in page
        assert "No order was ever given" in page

    def test_names_who_has_it_next(self, operator, fleet, card, database, at):
        with database.transaction() as session:
            drivers.end_assignment(session, actor=ROOT, at=at, driver_id=fleet.driver_id)
            for days in (9, 2):
                starts_at = at + timedelta(days=days)
                drivers.assign_vehicle(
                    session,
                    actor=ROOT,
                    at=at,
                    driver_id=fleet.driver_id,
                    vehicle_id=fleet.vehicle_id,
                    kind="shift",
                    starts_at=starts_at,
                    ends_at=starts_at + timedelta(hours=8),
                )

        page = operator.get(card).text

        assert "Nobody is assigned to this vehicle now" in page
        assert page.count("Next: <b>Ana Lopez</b>, shift from") == 1
        assert f"shift from {at + timedelta(days=2):%-d %b}" in page

    def test_warns_of_an_odd_vin(self, operator, fleet, database, at):
        with database.transaction() as session:
            new = NewVehicle(vin="WVWZZZ1JZ3W000001", model="Golf", park_id=fleet.park_id)
            vehicle_id = service.register_vehicle(session, actor=ROOT, at=at, new=new)

        assert "check digit" in operator.get(f"/operator/vehicles/{vehicle_id}").text

    def test_says_silent_with_what_it_last_did(self, operator, fleet, card, database, at):
        report(database, fleet.vehicle_id, at=at - timedelta(minutes=20), speed_kmh=43.0)

        assert "Silent, last: moving at 43 km/h" in operator.get(card).text

    def test_of_another_park_does_not_exist(self, operator, fleet):
        other = f"/operator/vehicles/{fleet.other_vehicle_id}"

        for path in ("", "/panel", "/lock", "/immobilization/new"):
            answer = operator.get(other + path, headers={"HX-Request": "true"})
            assert answer.status_code == 404, path

    def test_renews_only_its_state(self, operator, card):
        headers = {"HX-Request": "true", "HX-Target": "section#state"}

        fragment = operator.get(card, headers=headers).text

        check_fragment(fragment)
        assert fragment.count("<section") == 1


class TestPanel:
    def test_names_the_driver_with_a_link_to_call(self, operator, card):
        fragment = operator.get(f"{card}/panel", headers={"HX-Request": "true"}).text

        check_fragment(fragment)
        assert 'href="tel:+14155550100"' in fragment
        assert 'id="lock"' in fragment

    def test_opened_by_itself_is_the_record(self, operator, card):
        answer = operator.get(f"{card}/panel")

        assert answer.status_code == 302
        assert answer.location == card


class TestParkStaff:
    def test_sees_a_vehicle_without_its_lock(self, staff, card):
        page = staff.get(card).text
        panel = staff.get(f"{card}/panel", headers={"HX-Request": "true"}).text

        check_page(page)
        check_fragment(panel)
        assert "Car 1" in page
        assert 'id="lock"' not in page + panel
        assert "Ask one if this vehicle must stand" in panel

    def test_may_not_change_it(self, staff, card):
        assert "Change status" not in staff.get(card).text
        answer = staff.post(f"{card}/status", data={"status": "available", "status_reason": "Ready"})
        assert answer.status_code == 403

    def test_may_not_add_one(self, staff):
        assert "Add vehicle" not in staff.get("/operator/vehicles").text
        assert staff.get("/operator/vehicles/new").status_code == 403


class TestStatus:
    def test_changes_with_a_reason_that_is_kept(self, operator, card):
        answer = operator.post(f"{card}/status", data={"status": "in_repair", "status_reason": "Brake pads"})

        assert answer.status_code == 303
        page = operator.get(card).text
        assert "In repair" in page
        assert "Brake pads" in page

    @pytest.mark.parametrize(
        "typed", [{"status": "in_repair", "status_reason": " "}, {"status": "sold", "status_reason": "Sold it"}]
    )
    def test_wants_a_known_status_and_a_reason(self, operator, card, typed):
        answer = operator.post(f"{card}/status", data=typed)

        assert answer.status_code == 422
        check_page(answer.text)
        assert 'aria-invalid="true"' in answer.text
        assert "The status was not changed." in answer.text

    def test_of_a_written_off_vehicle_stays(self, operator, card):
        operator.post(f"{card}/status", data={"status": "written_off", "status_reason": "Burnt out"})

        answer = operator.post(f"{card}/status", data={"status": "available", "status_reason": "Mistake"})

        assert answer.status_code == 409
        assert "written off" in answer.text
