"""What a VIN must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vehicles.rules import compute_check_digit, normal_vin, vin_problem, vin_warning

REAL = [
    "1M8GDM9AXKP042788",
    "5GZCZ43D13S812715",
    "1G4AH59H45G118341",
    "1HGCM82633A004352",
    "11111111111111111",
]


class TestAVin:
    @pytest.mark.parametrize("vin", REAL)
    def test_of_a_real_north_american_vehicle_is_accepted(self, vin: str) -> None:
        assert vin_problem(vin) is None

    @given(st.sampled_from(REAL), st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKLMNPRSTUVWXYZ"))
    def test_with_one_digit_mistyped_is_refused_where_the_check_digit_binds(
        self, vin: str, place: int, letter: str
    ) -> None:
        mistyped = f"{vin[:place]}{letter}{vin[place + 1 :]}"
        # ISO 3780: 1, 2, 4 and 5 are the USA and Canada, 3A to 3W Mexico, 7F to 70 the USA.
        is_mexican = mistyped[0] == "3" and mistyped[1] in "ABCDEFGHJKLMNPRSTUVW"
        is_late_american = mistyped[0] == "7" and mistyped[1] not in "ABCDE"
        bound = mistyped[0] in "1245" or is_mexican or is_late_american
        assert (vin_problem(mistyped) is None) is (not bound or mistyped[8] == compute_check_digit(mistyped))

    def test_from_mexico_binds_but_not_one_made_for_europe(self) -> None:
        assert vin_problem("3FA6P0H70HR100001") is not None
        assert vin_problem("3FA6P0H7XHR100001"[:8] + compute_check_digit("3FA6P0H70HR100001") + "HR100001") is None
        assert vin_problem("3VWZZZ1JZXM000001") is None

    def test_from_europe_without_a_check_digit_is_accepted_with_a_hint(self) -> None:
        assert vin_problem("WV1ZZZ2EZ86015388") is None
        assert vin_warning("WV1ZZZ2EZ86015388") is not None

    @pytest.mark.parametrize(
        ("vin", "why"), [("1HGCM82633A00435", "17 characters"), ("1HGCM82633A0O4352", "found O"), ("", "17")]
    )
    def test_of_the_wrong_form_is_refused_with_the_reason(self, vin: str, why: str) -> None:
        assert why in str(vin_problem(vin))

    def test_may_be_typed_with_spaces_and_small_letters(self) -> None:
        assert normal_vin(" 1hgcm826-33a0 04352 ") == "1HGCM82633A004352"
