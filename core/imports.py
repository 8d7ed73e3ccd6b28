"""Lines of a file on their way into records: what every import says of a line, and how it reads a cell.

A line is new, changed, unchanged or bad. Of a bad line every problem is said, by column. What is empty says nothing:
it changes nothing, so that a file may hold some columns of a record and not the others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")
_SHOWN = 60
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_DOTTED_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHED_DAY = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_WHOLE = re.compile(r"(\d{1,3}(?:[ ,.'\u202f\u00a0]\d{3})+|\d{1,12})(?:[.,]0{1,2})?")
_CUT = re.compile(r"(\d{1,3}(?:[ ,.'\u202f\u00a0]\d{3})+|\d{1,12})(?:[.,]\d{1,2})?")
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)


class Outcome(StrEnum):
    """What a line is to the records that are there."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    BAD = "bad"


class DayOrder(StrEnum):
    """What comes first in days that are written with slashes."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


class Line(NamedTuple):
    """A line as it comes in: its number in the file and its cells by field, or why they could not be told apart.

    `day_orders` are those of the columns of the whole file (`find_day_order`), by field.
    """

    number: int
    cells: Mapping[str, str]
    problem: str | None = None
    day_orders: Mapping[str, DayOrder | None] = {}


class Problem(NamedTuple):
    """What is wrong with one cell, and what to do; of the whole line without a `field`."""

    field: str | None
    value: str
    words: str


class Change(NamedTuple):
    """One field of a record that a line changes. What is secret is not shown, only that it changes."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one line. `title` says which record is meant; `record_id` which one it is, if there is one.

    `step` orders lines that wait for others: one that takes a plate comes a step after the one that gives it up.
    `beside` is what the line says for the records of others, with its unit: `odometer_m`.
    """

    number: int
    outcome: Outcome
    title: str = ""
    record_id: int | None = None
    step: int = 0
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    hints: tuple[str, ...] = ()
    beside: Mapping[str, int] = field(default_factory=dict)


class Cells:
    """The cells of one line while they are read. What is wrong is gathered in `problems`, not raised: people want to
    hear of all of it at once.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self.problems: list[Problem] = []

    def get(self, field: str) -> str:
        """What stands in a cell; nothing, when it is empty or there is no such column."""
        return self._line.cells.get(field, "")

    def refuse(self, field: str, words: str) -> None:
        """Note what is wrong with a cell."""
        self.problems.append(Problem(field, self.get(field)[:_SHOWN], words))

    def text(self, field: str, *, most: int) -> str | None:
        """A text in one line; None when it is empty or refused."""
        text = " ".join(self.get(field).split())
        if len(text) > most:
            self.refuse(field, f"At most {most} characters; it has {len(text)}.")
            return None
        if not text.isprintable():
            self.refuse(field, "There is a character in it that cannot be printed. Type it anew.")
            return None
        return text or None

    def code(self, field: str, *, most: int) -> str | None:
        """A text that a spreadsheet may have taken for a number, and shortened: 3.56E+14."""
        text = self.text(field, most=most)
        if text is not None and _SHORTENED.fullmatch(text):
            self.refuse(field, "The spreadsheet has shortened this number. Make its column text, and type it anew.")
            return None
        return text

    def choice(self, field: str, words: Mapping[str, Value], *, offered: str) -> Value | None:
        """The value that a word stands for, whatever its case; `offered` is said when it stands for none."""
        text = self.text(field, most=120)
        if text is None:
            return None
        if (found := words.get(normal_word(text))) is None:
            self.refuse(field, f"Write one of {offered}.")
        return found

    def record(self, field: str, names: Mapping[int, str], *, what: str) -> int | None:
        """A record by its name, whatever its case as long as that tells it apart, or by its number."""
        text = self.text(field, most=120)
        if text is None:
            return None
        exactly = [id_ for id_, name in names.items() if name == text]
        loosely = [id_ for id_, name in names.items() if normal_word(name) == normal_word(text) or str(id_) == text]
        for found in (exactly, loosely):
            if len(found) == 1:
                return found[0]
        self.refuse(field, f"There is no such {what}. Write one of {_offer(names.values())}.")
        return None

    def whole(self, field: str, *, least: int, most: int, words: str, is_cut: bool = False) -> int | None:
        """A whole number; 2021.0 and 12,500 are ones too. `words` say what is wanted; one that `is_cut` may have
        further digits, which do not count.
        """
        text = self.text(field, most=120)
        if text is None:
            return None
        found = (_CUT if is_cut else _WHOLE).fullmatch(text)
        number = int(re.sub(r"\D", "", found[1])) if found else -1
        if not least <= number <= most:
            self.refuse(field, words)
            return None
        return number

    def day(self, field: str, *, least: date, most: date) -> date | None:
        """A day: 2027-03-31, 31.03.2027, or with slashes in the order that the column shows."""
        text = self.text(field, most=120)
        if text is None:
            return None
        found = _read_day(text, self._line.day_orders.get(field))
        if isinstance(found, str):
            self.refuse(field, found)
            return None
        if not least <= found <= most:
            self.refuse(field, f"The day must be from {least} to {most}.")
            return None
        return found


def unreadable(line: Line) -> Verdict:
    """What is said of a line whose cells could not be told apart: that alone."""
    return Verdict(line.number, Outcome.BAD, problems=(Problem(None, "", line.problem or ""),))


@lru_cache(maxsize=1024)
def normal_word(text: str) -> str:
    """A word without case, spaces and signs: “In repair” and in_repair are the same."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _offer(names: Iterable[str]) -> str:
    """Names to choose from, not too many."""
    listed = sorted(names)
    return ", ".join(listed[:12]) + (f" or {len(listed) - 12} more" if len(listed) > 12 else "")


def find_day_order(texts: Iterable[str]) -> DayOrder | None:
    """How a column writes its days with slashes, by those that can only be one; None when they do not agree."""
    orders = set()
    for text in texts:
        if found := _SLASHED_DAY.fullmatch(text):
            first, second = int(found[1]), int(found[2])
            if first > 12 >= second:
                orders.add(DayOrder.DAY_FIRST)
            elif second > 12 >= first:
                orders.add(DayOrder.MONTH_FIRST)
    return orders.pop() if len(orders) == 1 else None


def _read_day(text: str, order: DayOrder | None) -> date | str:
    """The day, or in words why it is none."""
    if found := _ISO_DAY.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DOTTED_DAY.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
    elif found := _SLASHED_DAY.fullmatch(text):
        first, second, year = (int(part) for part in found.groups())
        if order is None and first <= 12 and second <= 12 and first != second:
            return "It may be the one day or the other. Write year, month and day: 2027-03-31."
        is_month_first = second > 12 if order is None else order is DayOrder.MONTH_FIRST
        month, day = (first, second) if is_month_first else (second, first)
    else:
        return "This is no day. Write year, month and day: 2027-03-31."
    try:
        return date(year, month, day)
    except ValueError:
        return "There is no such day. Write year, month and day: 2027-03-31."


def find_repeated(keys: Iterable[tuple[int, Hashable]]) -> dict[int, list[int]]:
    """Of lines by number and what must stand once: those whose key others have too, with the numbers of the others."""
    lines: dict[Hashable, list[int]] = defaultdict(list)
    for number, key in keys:
        if key is not None:
            lines[key].append(number)
    return {
        number: [other for other in numbers if other != number]
        for numbers in lines.values()
        if len(numbers) > 1
        for number in numbers
    }


def name_lines(numbers: Sequence[int]) -> str:
    """Lines in words: line 7, lines 7 and 12, lines 7, 12 and 30 others."""
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    if len(numbers) == 2:
        return f"lines {numbers[0]} and {numbers[1]}"
    return f"lines {numbers[0]}, {numbers[1]} and {len(numbers) - 2} more"


def find_steps(waits: Mapping[int, int], bad: Collection[int]) -> dict[int, int | None]:
    """When lines can be carried out that wait for others, each for one: how many steps after the first, by number.

    None for one that never can: what it waits for is bad, or waits for it.
    """
    steps: dict[int, int | None] = {}
    for start in waits:
        path: dict[int, None] = {}
        number = start
        while number in waits and number not in steps and number not in path:
            path[number] = None
            number = waits[number]
        step = None if number in path or number in bad else steps.get(number, 0)
        for passed in reversed(path):
            step = None if step is None else step + 1
            steps[passed] = step
    return steps
