"""How lines of a file are read, whatever they are lines of."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imports import Cells, DayOrder, Line, find_day_order, find_repeated, find_steps, name_lines


def cells(text: str, order: DayOrder | None = None) -> Cells:
    return Cells(Line(2, {"it": text}, None, {"it": order}))


class TestACell:
    @pytest.mark.parametrize("text", ["2021", "2021.0", "2,021", "2 021", "2.021", "2021,00"])
    def test_is_a_whole_number_however_spreadsheets_write_it(self, text: str) -> None:
        assert cells(text).whole("it", least=1950, most=2100, words="") == 2021

    @pytest.mark.parametrize("text", ["21", "2021.5", "20 21", "-2021", "1e3", "two", "20.21"])
    def test_that_is_no_such_number_is_refused_with_what_is_wanted(self, text: str) -> None:
        read = cells(text)
        assert read.whole("it", least=1950, most=2100, words="A year.") is None
        assert read.problems == [("it", text, "A year.")]

    def test_is_cut_where_further_digits_do_not_count(self) -> None:
        for text, km in {"12.5": 12, "12,500.7": 12_500, "12.500": 12_500, "7": 7}.items():
            assert cells(text).whole("it", least=0, most=99_999, words="", is_cut=True) == km

    @pytest.mark.parametrize("text", ["2027-03-31", "31.03.2027", "31/3/2027", "3/31/2027", "2027-3-31 00:00:00"])
    def test_is_a_day_that_can_be_read_only_one_way(self, text: str) -> None:
        assert cells(text).day("it", least=date(2000, 1, 1), most=date(2099, 1, 1)) == date(2027, 3, 31)

    def test_is_a_day_in_the_order_of_its_column(self) -> None:
        day = {"least": date(2000, 1, 1), "most": date(2099, 1, 1)}
        assert cells("03/04/2027", DayOrder.MONTH_FIRST).day("it", **day) == date(2027, 3, 4)
        assert cells("03/04/2027", DayOrder.DAY_FIRST).day("it", **day) == date(2027, 4, 3)
        assert cells("04/04/2027").day("it", **day) == date(2027, 4, 4)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("03/04/2027", "may be the one day or the other"),
            ("31/31/2027", "no such day"),
            ("2027-02-29", "no such day"),
            ("soon", "This is no day"),
            ("1899-01-01", "from 2000-01-01"),
        ],
    )
    def test_that_is_no_day_is_refused_in_words(self, text: str, words: str) -> None:
        read = cells(text)
        assert read.day("it", least=date(2000, 1, 1), most=date(2099, 1, 1)) is None
        assert words in read.problems[0].words

    @pytest.mark.parametrize("text", ["8.6E+14", "3,56E14", "1e15"])
    def test_that_a_spreadsheet_has_shortened_is_not_taken_for_what_it_was(self, text: str) -> None:
        read = cells(text)
        assert read.code("it", most=64) is None
        assert "shortened" in read.problems[0].words

    def test_holds_no_character_that_cannot_be_printed(self) -> None:
        read = cells("a\x07b")
        assert read.text("it", most=10) is None
        assert "cannot be printed" in read.problems[0].words

    def test_of_several_lines_is_one_text(self) -> None:
        assert cells("Bay\r\n View  1").text("it", most=10) == "Bay View 1"


class TestAColumnOfDays:
    def test_shows_its_order_by_a_day_that_can_be_read_only_one_way(self) -> None:
        assert find_day_order(["03/04/2027", "03/25/2027", "2027-01-01"]) is DayOrder.MONTH_FIRST
        assert find_day_order(["03/04/2027", "25/03/2027"]) is DayOrder.DAY_FIRST

    def test_shows_none_when_its_days_do_not_agree(self) -> None:
        assert find_day_order(["03/25/2027", "25/03/2027"]) is None
        assert find_day_order(["03/04/2027"]) is None


class TestWhatStandsTwice:
    def test_is_told_of_every_line_with_the_others(self) -> None:
        assert find_repeated([(2, "a"), (3, "b"), (4, "a"), (5, None), (6, None), (7, "a")]) == {
            2: [4, 7],
            4: [2, 7],
            7: [2, 4],
        }

    def test_is_told_in_few_words(self) -> None:
        assert name_lines([4]) == "line 4"
        assert name_lines([4, 7]) == "lines 4 and 7"
        assert name_lines([4, 7, 8, 9]) == "lines 4, 7 and 2 more"


class TestLinesThatWaitForOthers:
    def test_come_a_step_after_what_they_wait_for(self) -> None:
        assert find_steps({2: 3, 3: 4, 5: 4}, bad=set()) == {2: 2, 3: 1, 5: 1}

    def test_never_come_when_they_wait_in_a_circle_or_for_a_bad_one(self) -> None:
        assert find_steps({2: 3, 3: 2, 4: 2, 5: 6}, bad={6}) == {2: None, 3: None, 4: None, 5: None}

    @given(st.dictionaries(st.integers(0, 30), st.integers(0, 30)), st.sets(st.integers(0, 30)))
    def test_come_after_what_they_wait_for_whatever_waits_for_what(self, waits: dict[int, int], bad: set[int]) -> None:
        steps = find_steps(waits, bad)
        assert steps.keys() == waits.keys()
        for number, step in steps.items():
            before = steps.get(waits[number], 0)
            if step is not None:
                assert before is not None and step == before + 1
            else:
                assert before is None or waits[number] in bad

    def test_may_be_as_many_as_a_file_has(self) -> None:
        steps = find_steps({number: number + 1 for number in range(20_000)}, bad=set())
        assert steps[0] == 20_000
