"""The people who drive, and which vehicle is whose."""

from __future__ import annotations

import pytest

from core.vehicles import service
from core.vehicles.schemas import NewVehicle
from tests.conftest import ROOT
from tests.portals.page import check_fragment, check_page

NEW = "/operator/drivers/new"


@pytest.fixture
def typed(fleet):
    return {"name": "Ben Okri", "phone": "+14155550111", "park_id": str(fleet.park_id)}


@pytest.fixture
def free_vehicle(database, fleet, at):
    with database.transaction() as session:
        new = NewVehicle(vin="WVWZZZ1JZ3W000001", model="Golf", name="Car 2", park_id=fleet.park_id)
        return service.register_vehicle(session, actor=ROOT, at=at, new=new)


class TestList:
    def test_shows_each_driver_with_the_vehicle_they_have(self, operator, fleet):
        page = operator.get("/operator/drivers").text

        check_page(page)
        assert 'href="tel:+14155550100"' in page
        assert f'href="/operator/vehicles/{fleet.vehicle_id}">Car 1</a> <small>Rental' in page

    def test_sends_only_the_list_to_htmx(self, operator):
        headers = {"HX-Request": "true", "HX-Target": "section#drivers"}

        fragment = operator.get("/operator/drivers?q=ana", headers=headers).text

        check_fragment(fragment)
        assert "Ana Lopez" in fragment

    def test_says_when_nobody_matches(self, operator):
        assert "No driver matches" in operator.get("/operator/drivers?q=zebra").text


class TestNewDriver:
    def test_is_added_and_offered_a_vehicle(self, operator, typed, free_vehicle):
        answer = operator.post(NEW, data=typed)

        assert answer.status_code == 303
        page = operator.get(f"{answer.location}/assignment/new").text
        check_page(page)
        assert "Assign a vehicle to Ben Okri" in page
        assert "Car 2" in page and "Car 1" not in page

    def test_keeps_the_typed_values_beside_the_problem(self, operator, typed):
        answer = operator.post(NEW, data={**typed, "phone": "415 555"})

        assert answer.status_code == 422
        check_page(answer.text)
        assert "country code" in answer.text
        assert 'value="415 555"' in answer.text

    def test_with_a_known_number_is_named(self, operator, typed, fleet):
        answer = operator.post(NEW, data={**typed, "phone": "+14155550100"})

        assert answer.status_code == 409
        assert f"Already used by driver {fleet.driver_id}" in answer.text


class TestAssignment:
    @pytest.fixture
    def newcomer(self, operator, typed):
        return operator.post(NEW, data=typed).location + "/assignment"

    def test_holds_from_now(self, operator, newcomer, free_vehicle):
        answer = operator.post(newcomer, data={"vehicle_id": free_vehicle, "kind": "shift", "ends_at": ""})

        assert answer.status_code == 303
        assert f'href="/operator/vehicles/{free_vehicle}">Car 2</a> <small>Shift' in operator.get(answer.location).text

    def test_ends_when_it_was_said(self, operator, newcomer, free_vehicle):
        typed = {"vehicle_id": free_vehicle, "kind": "shift", "ends_at": "2001-01-01T08:00"}

        answer = operator.post(newcomer, data=typed)

        assert answer.status_code == 422
        check_page(answer.text)
        assert "It must end after it starts." in answer.text
        assert 'value="2001-01-01T08:00"' in answer.text

    def test_of_a_vehicle_that_somebody_has_is_refused(self, operator, newcomer, fleet, free_vehicle):
        answer = operator.post(newcomer, data={"vehicle_id": fleet.vehicle_id, "kind": "shift"})

        assert answer.status_code == 409
        assert "already assigned" in answer.text

    @pytest.mark.parametrize(
        "wrong", [{"vehicle_id": ""}, {"kind": "gift"}, {"ends_at": "tomorrow"}, {"vehicle_id": "one"}]
    )
    def test_wants_each_field_in_its_form(self, operator, newcomer, free_vehicle, wrong):
        typed = {"vehicle_id": free_vehicle, "kind": "shift", **wrong}

        assert operator.post(newcomer, data=typed).status_code == 422

    def test_to_a_driver_out_of_sight_does_not_exist(self, operator):
        assert operator.get("/operator/drivers/999/assignment/new").status_code == 404


class TestEmergencyCodes:
    def test_are_made_for_a_driver_shown_once_and_start_a_locked_vehicle(self, operator, fleet):
        asked = operator.get(f"/operator/drivers/{fleet.driver_id}/assignment/new").text
        assert "Make emergency codes" in asked
        made = operator.post(f"/operator/drivers/{fleet.driver_id}/codes")
        check_page(made.text)
        assert (made.text.count("<code>"), made.headers["Cache-Control"]) == (2, "no-store")
        assert operator.post("/operator/drivers/999/codes").status_code == 404
