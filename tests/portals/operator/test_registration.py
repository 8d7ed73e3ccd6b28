"""Putting a vehicle into the registry by its form."""

from __future__ import annotations

import pytest

from tests.portals.page import check_fragment, check_page

NEW = "/operator/vehicles/new"


@pytest.fixture
def typed(fleet):
    return {"vin": "5gz cz43d13s812715", "model": "Vue", "park_id": str(fleet.park_id)}


class TestRegistration:
    def test_is_a_sound_page(self, operator):
        check_page(operator.get(NEW).text)

    def test_adds_a_vehicle_and_goes_on_to_its_documents(self, operator, typed):
        answer = operator.post(NEW, data={**typed, "vin": "WVW-ZZZ1JZ3W000001"})

        assert answer.status_code == 303
        assert answer.location.endswith("/documents")
        page = operator.get(answer.location).text
        check_page(page)
        assert "WVWZZZ1JZ3W000001" in page
        assert 'aria-label="Steps of the onboarding"' in page

    def test_keeps_the_typed_values_beside_the_problem(self, operator, typed):
        answer = operator.post(NEW, data={**typed, "vin": "SHORT", "name": "Vue of the night shift"})

        assert answer.status_code == 422
        check_page(answer.text)
        assert "this one has 5" in answer.text
        assert 'value="Vue of the night shift"' in answer.text

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("year", "next", "A year from 1950 to 2100."),
            ("model", "", "Enter the model"),
        ],
    )
    def test_says_in_words_what_a_field_wants(self, operator, typed, field, value, words):
        answer = operator.post(NEW, data={**typed, "vin": "WVWZZZ1JZ3W000001", field: value})

        assert answer.status_code == 422
        assert words in answer.text

    def test_links_to_the_record_that_has_the_vin(self, operator, fleet, typed):
        answer = operator.post(NEW, data={**typed, "vin": "1HGCM82633A004352"})

        assert answer.status_code == 409
        assert f'href="/operator/vehicles/{fleet.vehicle_id}"' in answer.text

    def test_does_not_link_to_a_record_out_of_sight(self, operator, fleet, typed):
        answer = operator.post(NEW, data=typed)

        assert answer.status_code == 409
        assert f'href="/operator/vehicles/{fleet.other_vehicle_id}"' not in answer.text


class TestVinWhileItIsTyped:
    @pytest.mark.parametrize(
        ("vin", "words"),
        [
            ("", "17 characters"),
            ("1hg cm8", "6 of 17 characters"),
            ("1HGCO", "No VIN has O."),
            ("1HGCM82633A004353", "should be"),
            ("5GZCZ43D13S812716", "one character was mistyped"),
            ("WVWZZZ1JZ3W000001", "check the papers"),
            ("1FTFW1ET9DFC10312", "The VIN is sound. North America (United States), model year 2013."),
            ("1HGCM82633A004352", 'href="/operator/vehicles/1"'),
            ("9" * 40, "this one has 40"),
        ],
    )
    def test_is_told_of(self, operator, vin, words):
        headers = {"HX-Request": "true", "HX-Target": "div#vin_told"}

        fragment = operator.get(f"{NEW}/vin", query_string={"vin": vin}, headers=headers).text

        check_fragment(fragment)
        assert words in fragment

    def test_does_not_tell_of_a_vehicle_out_of_sight(self, operator):
        headers = {"HX-Request": "true", "HX-Target": "div#vin_told"}

        assert "sound" in operator.get(f"{NEW}/vin?vin=5GZCZ43D13S812715", headers=headers).text

    def test_opened_by_itself_is_the_form(self, operator):
        assert operator.get(f"{NEW}/vin?vin=1HG").location == NEW
