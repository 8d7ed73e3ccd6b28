"""Which column is which: people's headings, in their languages and spellings, against the names we know."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import Invalid

# What write_bad_lines adds: when such a file is read again, they are nobody's column.
LINE_HEADING, PROBLEM_HEADING = "Line before", "What to mend"
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is understood: the field it fills, its heading in our words, and what others call it."""

    field: str
    heading: str
    called: Sequence[str] = ()
    is_needed: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Everything it goes by, in the form in which headings are compared."""
        return frozenset(map(normal_heading, (self.field, self.heading, *self.called)))


@dataclass(frozen=True, slots=True)
class Headings:
    """A first line as it was understood: by place the field, None for what is not read, and the names of those."""

    written: list[str]
    fields: list[str | None]

    @property
    def unknown(self) -> list[str]:
        """The headings that nobody knows, as they are written."""
        return [
            name
            for name, field in zip(self.written, self.fields, strict=True)
            if field is None and name and not is_ours(name)
        ]


def normal_heading(text: str) -> str:
    """A heading without case, accents, spaces and signs: “Licence-Plate No.” is `licenceplateno`."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def is_ours(heading: str) -> bool:
    """Whether this column was added by us to a file of bad lines."""
    return normal_heading(heading) in {normal_heading(LINE_HEADING), normal_heading(PROBLEM_HEADING)}


def count_known(cells: Iterable[str], columns: Sequence[Column]) -> int:
    """How many of `cells` are headings of `columns`."""
    known = {name for column in columns for name in column.names}
    return sum(normal_heading(cell) in known for cell in cells)


def map_headings(cells: Sequence[str], columns: Sequence[Column]) -> Headings:
    """The fields of a first line. Raises Invalid: none is known, one that is needed is missing, or one stands twice."""
    by_name = {name: column for column in columns for name in column.names}
    written = [cell.strip() for cell in cells]
    found = [by_name.get(normal_heading(cell)) for cell in written]
    _check_needed(written, found, columns)
    for column in {column for column in found if column is not None}:
        twice = [name for name, other in zip(written, found, strict=True) if other is column]
        if len(twice) > 1:
            raise _refusal(f"{_listed(twice)} are the same column: {column.heading}. Keep one of them.")
    return Headings(written, [None if column is None else column.field for column in found])


def _check_needed(written: list[str], found: list[Column | None], columns: Sequence[Column]) -> None:
    missing = [column.heading for column in columns if column.is_needed and column not in found]
    if missing:
        plural = "columns are" if len(missing) > 1 else "column is"
        named = [name for name in written if name] or ["nothing"]
        raise _refusal(
            f"The first line must name the columns. {_listed(missing)}: the {plural} missing. "
            f"It names {_listed(named)}. Rename the heading, or add the column."
        )


def _listed(names: Sequence[str]) -> str:
    shown = [f"“{name[:_SHOWN]}”" for name in names[:20]]
    rest = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(shown) + rest


def _refusal(words: str) -> Invalid:
    return Invalid("The columns were not understood.", fields={"file": words})
