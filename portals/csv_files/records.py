"""Records of a text (RFC 4180 section 2), each with the line on which an editor shows that it begins.

A quoted cell may hold line ends, so a record may be several lines. One that is broken costs itself and no other: the
text is taken up again on the line after that on which it began.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

QUOTE = '"'
_MOST_LINES_OF_ONE = 100
_UNCLOSED = "unexpected end"  # begins what csv says of it too


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record and the line it begins on; or, of a broken one, in words why it cannot be read."""

    number: int
    cells: list[str]
    problem: str | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return self.problem is None and not any(cell.strip() for cell in self.cells)


def list_lines(text: str) -> list[str]:
    """The lines of a text, with their ends, as editors count them: by CR LF, LF or CR, and by nothing else."""
    return list(StringIO(text, newline=""))


def split_records(lines: list[str], *, delimiter: str, start: int = 0) -> Iterator[Record]:
    """The records of `lines` from the index `start` on, blank ones too."""
    while start < len(lines):
        taken = _Taken(lines, start)
        reader = csv.reader(taken, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                yield Record(start + 1, cells)
                start = taken.begins = taken.at
        except csv.Error as error:
            yield Record(start + 1, [lines[start].rstrip("\r\n")], _in_words(error, delimiter))
            start += 1


class _Taken:
    """The lines from one on, and how far they have been taken; no more at once than a record may have: what a quote
    that is never closed costs is bounded by that.
    """

    def __init__(self, lines: list[str], start: int) -> None:
        self.at = self.begins = start
        self._lines = lines

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at == len(self._lines):
            raise StopIteration
        if self.at - self.begins == _MOST_LINES_OF_ONE:
            raise csv.Error(_UNCLOSED)
        self.at += 1
        return self._lines[self.at - 1]


def _in_words(error: csv.Error, delimiter: str) -> str:
    text = str(error)
    if "expected after" in text:
        what = {"\t": "a tab"}.get(delimiter, f"“{delimiter}”")
        return (
            f"A quoted cell does not end where it should: after its closing {QUOTE} comes neither {what} nor the end "
            f"of the line. Write a {QUOTE} within a quoted cell twice."
        )
    if _UNCLOSED in text or "field limit" in text:
        return f"A {QUOTE} opens a cell here and is not closed. Close it, or take it away."
    return f"The line cannot be read ({text})."
