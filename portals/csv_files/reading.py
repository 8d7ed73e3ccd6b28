"""A CSV file, read: encoding, separator, headings and lines. What is wrong with the whole file is refused; what is
wrong with one line is said of that line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from core.errors import Invalid
from portals.csv_files.headings import Column, Headings, count_known, map_headings
from portals.csv_files.records import Record, list_lines, split_records
from portals.csv_files.text import decode
from portals.security import from_cell

MOST_BYTES = 10 * 1024 * 1024
MOST_LINES = 20_000
_MOST_COLUMNS = 200
_MOST_LINE_ENDS = 20 * MOST_LINES
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# Spaces that do not show, among them those that web pages and phones put into numbers.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SPACES = " \t\r\n\v\f\u00a0\u2007\u202f"


@dataclass(frozen=True, slots=True)
class CsvLine:
    """One line that holds something: where it begins, its cells by field without space around them, and as they are
    written. `problem` says why its cells could not be told apart; there are none then.
    """

    number: int
    cells: dict[str, str]
    written: list[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file as it was understood. `unknown` are the headings of columns that are not read."""

    encoding: str
    delimiter: str
    headings: list[str]
    fields: list[str | None]
    unknown: list[str]
    lines: list[CsvLine]

    @property
    def separated_by(self) -> str:
        """What stands between two cells, in words."""
        return _DELIMITERS[self.delimiter]


def read_csv(content: bytes, columns: Sequence[Column]) -> CsvFile:
    """The lines of a file that has these columns, in any order. Its first line that holds something names them.

    Raises Invalid beside the field `file` for what is no such file: too large, no text, no lines, other columns.
    """
    if len(content) > MOST_BYTES:
        raise _refusal(f"The file is larger than {MOST_BYTES // 1024**2} MB. Send it in several parts.")
    text, encoding = decode(content)
    if text.count("\n") + text.count("\r") > _MOST_LINE_ENDS:
        raise _refusal(f"The file has more than {_MOST_LINE_ENDS:,} line ends. Send it in several parts.")
    lines = list_lines(text)
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise _refusal("There is nothing in the file.")
    told = re.fullmatch(r"\s*sep=(.)\s*", lines[first], re.IGNORECASE)  # as Excel writes it for itself
    if told and told[1] in _DELIMITERS:
        first += 1
    delimiter = told[1] if told and told[1] in _DELIMITERS else _find_delimiter(lines, first, columns)
    records = (record for record in split_records(lines, delimiter=delimiter, start=first) if not record.is_blank)
    headings = _read_headings(next(records, None), columns)
    read = [_read_line(record, headings) for record in islice(records, MOST_LINES + 1)]
    if len(read) > MOST_LINES:
        raise _refusal(f"The file has more than {MOST_LINES:,} lines. Send it in several parts.")
    if not read:
        raise _refusal("There is no line below the headings.")
    return CsvFile(encoding, delimiter, headings.written, headings.fields, headings.unknown, read)


def _find_delimiter(lines: list[str], first: int, columns: Sequence[Column]) -> str:
    """What parts the first line into most headings that are known, then into most cells."""

    def parted(delimiter: str) -> tuple[int, int]:
        record = next(split_records(lines, delimiter=delimiter, start=first), None)
        cells = [] if record is None else record.cells
        return count_known(cells, columns), len(cells)

    return max(_DELIMITERS, key=parted)


def _read_headings(record: Record | None, columns: Sequence[Column]) -> Headings:
    if record is None:
        raise _refusal("The first line must name the columns.")
    if record.problem is not None:
        raise _refusal(f"Line {record.number}, which names the columns: {record.problem}")
    cells = record.cells
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) > _MOST_COLUMNS:
        raise _refusal(f"The file has {len(cells)} columns; at most {_MOST_COLUMNS} are read.")
    return map_headings([plain(cell) for cell in cells], columns)


def _read_line(record: Record, headings: Headings) -> CsvLine:
    if record.problem is not None:
        return CsvLine(record.number, {}, record.cells, record.problem)
    written, wanted = record.cells, len(headings.fields)
    if len(written) < wanted:
        told = f"The line has {len(written)} cells, the headings are {wanted}. Write empty cells too."
        return CsvLine(record.number, {}, written, told)
    if any(cell.strip() for cell in written[wanted:]):
        told = f"The line has {len(written)} cells, the headings are {wanted}. Put a cell with a separator into quotes."
        return CsvLine(record.number, {}, written, told)
    pairs = zip(headings.fields, written, strict=False)
    return CsvLine(record.number, {field: plain(cell) for field, cell in pairs if field is not None}, written[:wanted])


def plain(cell: str) -> str:
    """A cell as it is meant: without space around it, unseen characters, and the apostrophe that guards a formula."""
    return from_cell(_UNSEEN.sub("", cell).strip(_SPACES)).strip(_SPACES)


def _refusal(words: str) -> Invalid:
    return Invalid("The file cannot be read.", fields={"file": words})
