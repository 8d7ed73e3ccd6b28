"""Licences: which there are, and when two are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.drivers.rules import licences


class TestALicence:
    @pytest.mark.parametrize(
        ("country", "region", "number", "categories"),
        [
            ("US", "CA", "D1234567", ["C"]),
            ("US", "NY", "123 456 789", ["A", "P"]),
            ("DE", None, "B072RRE2I55", ["B", "BE"]),
            ("GB", None, "MORGA657054SM9IJ", ["B"]),
            ("MX", None, "LFD-12345", ["TIPO-A"]),
        ],
    )
    def test_is_taken_as_it_is_issued(self, country, region, number, categories):
        assert licences.licence_problems(country, region, number, categories) == {}

    @pytest.mark.parametrize(
        ("country", "region", "number", "categories", "field"),
        [
            ("US", None, "D1234567", ["C"], "region"),
            ("US", "ZZ", "D1234567", ["C"], "region"),
            ("DE", "BY", "B072RRE2I55", ["B"], "region"),
            ("DE", None, "B072RRE2I55", ["M"], "categories"),
            ("US", "CA", "D1234567", ["B", "CE"], "categories"),
            ("DE", None, "B072RRE2I55", [], "categories"),
            ("DE", None, "--", ["B"], "number"),
        ],
    )
    def test_is_refused_beside_the_field_that_is_wrong(self, country, region, number, categories, field):
        assert list(licences.licence_problems(country, region, number, categories)) == [field]

    @given(st.text("ABC123", min_size=3, max_size=12), st.sampled_from([" ", "-", ".", "/"]))
    def test_is_the_same_however_its_number_is_set_apart(self, number, between):
        apart = between.join(number).lower()

        assert licences.licence_key("DE", None, apart) == licences.licence_key("DE", None, number)

    def test_is_another_in_another_state(self):
        assert licences.licence_key("US", "CA", "D1") != licences.licence_key("US", "NV", "D1")

    def test_says_what_it_lets_one_drive_where_that_is_known(self):
        assert licences.list_drivable("DE", ["B"]) == {"car", "van"}
        assert licences.list_drivable("US", ["C", "P"]) == {"car", "van", "bus"}
        assert licences.list_drivable("MX", ["B"]) is None
