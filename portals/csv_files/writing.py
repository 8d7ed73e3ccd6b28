"""CSV on its way out: no cell that a spreadsheet reckons with, and a mark by which Excel knows UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from portals.csv_files.headings import LINE_HEADING, PROBLEM_HEADING, is_ours
from portals.csv_files.reading import CsvFile
from portals.security import as_cell

_MARK = "\ufeff"


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> bytes:
    """A file in UTF-8. Each cell is text; what begins like a formula is made harmless, and read back unharmed."""
    text = StringIO()
    text.write(_MARK)
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([as_cell(heading) for heading in headings])
    writer.writerows([as_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def write_bad_lines(file: CsvFile, problems: Mapping[int, str]) -> bytes:
    """The lines of `file` whose numbers are in `problems`, with what is wrong first, to be mended and read again."""
    kept = [place for place, heading in enumerate(file.headings) if not is_ours(heading)]
    return write_csv(
        [LINE_HEADING, PROBLEM_HEADING, *(file.headings[place] for place in kept)],
        (
            [str(line.number), problems[line.number], *_cells(line.written, kept, len(file.headings))]
            for line in file.lines
            if line.number in problems
        ),
        delimiter=file.delimiter,
    )


def _cells(written: list[str], kept: list[int], width: int) -> list[str]:
    """The cells of a line without our own; all that stands in one whose cells do not go with the headings."""
    return [written[place] for place in kept] if len(written) == width else written
