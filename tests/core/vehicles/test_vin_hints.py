"""What a VIN hints at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vehicles.rules import hint_from_vin

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


class TestHint:
    @pytest.mark.parametrize(
        ("vin", "region", "year", "is_sure"),
        [
            ("1HGCM82633A004352", "North America", 2003, True),
            ("5GZCZ43D13S812715", "North America", 2003, True),
            ("5YJ3E1EA7KF317000", "North America", 2019, True),  # position 7 is a letter
            ("WVWZZZ1JZ3W000001", "Europe", 2003, False),
            ("WVWZZZAUZKW000001", "Europe", 2019, False),
            ("JTDKB20U093000001", "Asia", 2009, False),
            ("VF1ZZZ1JZ0W000001", "Europe", None, False),  # 0 is no year
            ("9BWZZZ1JZUW000001", "South America", None, False),  # U is none either
        ],
    )
    def test_tells_the_region_and_the_year(self, vin, region, year, is_sure):
        hint = hint_from_vin(vin, this_year=2026)
        assert (hint.region, hint.year, hint.is_sure) == (region, year, is_sure)

    def test_of_a_letter_that_may_be_next_years_is_next_year(self):
        assert hint_from_vin("WVWZZZ1JZVW000001", this_year=2026).year == 2027
        assert hint_from_vin("WVWZZZ1JZWW000001", this_year=2026).year == 1998

    @given(st.text(LETTERS, min_size=1, max_size=1), st.text(LETTERS, min_size=16, max_size=16))
    def test_is_there_for_every_vin(self, first, rest):
        hint = hint_from_vin(first + rest, this_year=2026)
        assert hint.region
        assert hint.year is None or 1980 <= hint.year <= 2027

    @pytest.mark.parametrize(
        ("vin", "country"),
        [
            ("3FA6P0H70HR100001", "Mexico"),
            ("38A6P0H70HR100001", None),
            ("7SAYGDEE0NF300001", "United States"),
            ("7AT0BZ0X0XX000001", "New Zealand"),
            ("WV1ZZZ2EZ86015388", "Germany"),
            ("TMBZZZ5J0B3000001", "Czech Republic"),
            ("KMHZZZ5J0B3000001", "South Korea"),
            ("00000000000000000", None),
        ],
    )
    def test_tells_the_country_where_it_knows_it(self, vin: str, country: str | None) -> None:
        assert hint_from_vin(vin, this_year=2026).country == country
