"""CSV files as offices have them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from portals.csv_files import MOST_BYTES, MOST_LINES, Column, CsvFile, read_csv, write_bad_lines, write_csv

COLUMNS = (
    Column("vin", "VIN", ("vin number", "Fahrgestellnummer", "вин"), is_needed=True),
    Column("plate", "Plate", ("licence plate", "matrícula", "Kennzeichen")),
    Column("model", "Model"),
)


def read(text: str, encoding: str = "utf-8") -> CsvFile:
    return read_csv(text.encode(encoding), COLUMNS)


def refusal(content: bytes | str) -> str:
    with pytest.raises(Invalid) as refused:
        read_csv(content.encode() if isinstance(content, str) else content, COLUMNS)
    return refused.value.fields["file"]


class TestEncodings:
    @pytest.mark.parametrize(
        ("codec", "name"),
        [
            ("utf-8", "UTF-8"),
            ("utf-8-sig", "UTF-8"),
            ("utf-16", "UTF-16"),
            ("utf-16-le", "UTF-16"),
            ("utf-16-be", "UTF-16"),
            ("cp1252", "Windows-1252"),
        ],
    )
    def test_are_recognised(self, codec: str, name: str) -> None:
        file = read("VIN;Kennzeichen;Model\n1;MÜ-Ä 1;Škoda\n", codec)
        assert file.encoding == name
        assert file.lines[0].cells == {"vin": "1", "plate": "MÜ-Ä 1", "model": "Škoda"}

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"PK\x03\x04rest", "Excel workbook (.xlsx)"),
            (b"\xd0\xcf\x11\xe0rest", "(.xls)"),
            (b"%PDF-1.7", "PDF"),
            (b"VIN\n\x00\x01\x02", "no text"),
            (b"VIN\n1\n\x81\xfe", "Line 3 is not text in Windows-1252"),
            (b"\xef\xbb\xbfVIN\n\xff", "Line 2 is not text in UTF-8"),
        ],
    )
    def test_of_what_is_no_csv_are_refused_in_words(self, content: bytes, words: str) -> None:
        assert words in refusal(content)


class TestSeparators:
    @pytest.mark.parametrize(("delimiter", "name"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs")])
    def test_are_found(self, delimiter: str, name: str) -> None:
        file = read(delimiter.join(["VIN", "Plate", "Model"]) + "\n" + delimiter.join(["1", "2", "3"]))
        assert file.separated_by == name
        assert file.lines[0].cells == {"vin": "1", "plate": "2", "model": "3"}

    def test_are_judged_by_headings_and_not_by_what_stands_most(self) -> None:
        assert read('VIN;"Remarks, notes, and, more"\n1;2\n').separated_by == "semicolons"

    def test_may_be_told_as_excel_does(self) -> None:
        file = read("sep=;\nVIN;Model\n1;2\n")
        assert file.separated_by == "semicolons"
        assert file.lines[0].number == 3

    def test_that_are_told_need_more_than_themselves(self) -> None:
        assert "must name the columns" in refusal("sep=;\n")


class TestHeadings:
    @pytest.mark.parametrize("heading", ["VIN", "vin_number", " Vin-Number ", "FAHRGESTELLNUMMER", "ВИН"])
    def test_are_known_however_they_are_written(self, heading: str) -> None:
        assert read(f"{heading}\n1\n").fields == ["vin"]

    def test_lose_their_accents(self) -> None:
        assert read("vin,Matricula\n1,2").fields == ["vin", "plate"]

    def test_that_nobody_knows_are_named_and_not_lost(self) -> None:
        file = read("VIN,Colour,Plate,\n1,red,2,\n")
        assert file.unknown == ["Colour"]
        assert file.lines[0].cells == {"vin": "1", "plate": "2"}

    def test_that_are_missing_are_named_with_what_was_found(self) -> None:
        assert "“VIN”: the column is missing. It names “Plate”, “Colour”" in refusal("Plate,Colour\n1,2\n")

    def test_that_are_the_same_column_are_refused(self) -> None:
        assert "“Plate”, “Kennzeichen” are the same column: Plate" in refusal("VIN,Plate,Kennzeichen\n1,2,3\n")

    def test_are_bounded(self) -> None:
        assert "at most 200" in refusal(",".join(["VIN", *"x" * 200]))


class TestLines:
    def test_have_the_numbers_an_editor_shows(self) -> None:
        file = read('\r\nVIN,Model\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n ,\r\n3,\x0b\x85\u2028y\n')
        assert [(line.number, line.cells["vin"]) for line in file.lines] == [(3, "1"), (6, "2"), (8, "3")]
        assert file.lines[0].cells["model"] == "two\r\nlines"

    def test_of_old_macs_are_lines_too(self) -> None:
        assert [line.number for line in read("VIN\r1\r2\r").lines] == [2, 3]

    def test_lose_spaces_that_do_not_show(self) -> None:
        assert read("VIN,Model\n\u00a01\u200b ,\ufeff x\u202f\n").lines[0].cells == {"vin": "1", "model": "x"}

    def test_with_other_counts_of_cells_are_bad_alone(self) -> None:
        file = read("VIN,Model\n1,a,b\n2\n3,c\n4,d,,\n")
        assert [line.problem is None for line in file.lines] == [False, False, True, True]
        assert "has 3 cells, the headings are 2" in str(file.lines[0].problem)
        assert "has 1 cells, the headings are 2" in str(file.lines[1].problem)

    def test_with_a_quote_that_is_not_closed_cost_no_other_line(self) -> None:
        file = read('VIN,Model\n1,a\n2,"open\n3,c\n4,"d ""x"" y"\n5,"e" f\n6,g\n')
        good = [line.cells["vin"] for line in file.lines if line.problem is None]
        assert good == ["1", "3", "4", "6"]
        assert [line.number for line in file.lines if line.problem] == [3, 6]

    def test_with_a_quote_that_is_never_closed_are_told_so(self) -> None:
        line = read('VIN,Model\n1,"open\n').lines[0]
        assert "is not closed" in str(line.problem)
        assert line.written == ['1,"open']

    def test_that_open_quotes_without_end_cost_no_more_than_they_hold(self) -> None:
        # Were each read to its end, this would take hours.
        file = read("VIN,Model\n" + 'x","\n' * 5_000)
        assert len(file.lines) == 5_000

    def test_are_needed(self) -> None:
        assert "nothing in the file" in refusal(b"")
        assert "nothing in the file" in refusal(" \n\n")
        assert "no line below" in refusal("VIN,Model\n,\n")

    def test_are_bounded(self) -> None:
        assert len(read("VIN\n" + "1\n" * MOST_LINES).lines) == MOST_LINES
        assert "more than 20,000 lines" in refusal("VIN\n" + "1\n" * (MOST_LINES + 1))
        assert "line ends" in refusal("VIN\n" + "\n" * (20 * MOST_LINES))
        assert "larger than 10 MB" in refusal(b"x" * (MOST_BYTES + 1))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
CELLS = TEXTS | st.tuples(st.sampled_from("=+-@\t\r\n＝＋－＠"), TEXTS).map("".join)


class TestAFileThatIsWritten:
    @given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
    def test_gives_a_spreadsheet_no_formula(self, rows: list[tuple[str, str]]) -> None:
        text = write_csv(["a", "b"], rows).decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline="")):
            assert not any(cell.startswith(tuple("=+-@\t\r\n＝＋－＠")) for cell in row)

    @given(cells=st.lists(st.text("=+-@'abc 1,;\"\n", max_size=8).map(str.strip), min_size=3, max_size=3))
    def test_is_read_back_as_it_was(self, cells: list[str]) -> None:
        if not any(cells) or any(cell.startswith("'") for cell in cells):
            return
        for delimiter in ",;\t":
            lines = read_csv(write_csv(["VIN", "Plate", "Model"], [cells], delimiter=delimiter), COLUMNS).lines
            assert lines[0].cells == dict(zip(["vin", "plate", "model"], cells, strict=True))

    def test_of_bad_lines_has_them_as_they_were_with_what_is_wrong(self) -> None:
        file = read('VIN;Colour;Model\n1;red;=cmd\n2;blue;y\n3;green\n4;"open;z\n')
        problems = {line.number: line.problem or "No." for line in file.lines if line.number != 3}
        text = write_bad_lines(file, problems).decode("utf-8-sig").splitlines()
        assert text[0] == "Line before;What to mend;VIN;Colour;Model"
        assert text[1] == "2;No.;1;red;'=cmd"
        assert text[2].startswith("4;The line has 2 cells") and text[2].endswith("3;green")
        assert text[3].startswith("5;") and text[3].endswith('"4;""open;z"')

    def test_of_bad_lines_can_be_mended_and_read_again(self) -> None:
        file = read("VIN;Colour\n+1;red\n2;blue\n")
        again = read_csv(write_bad_lines(file, {2: "No.", 3: "No."}), COLUMNS)
        assert again.unknown == ["Colour"]
        assert [line.cells for line in again.lines] == [{"vin": "+1"}, {"vin": "2"}]
        assert write_bad_lines(again, {2: "Still."}).decode("utf-8-sig").startswith("Line before;What to mend;VIN;")
