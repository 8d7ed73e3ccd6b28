"""A file, and what each of its lines is to the records that are there. Nothing is written, and nothing is kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from core.db import Reader
from core.imports import Line, Outcome, Problem, Verdict, find_day_order
from core.permissions import Actor
from portals.csv_files import CsvFile, read_csv, write_bad_lines
from portals.imports.kinds import Kind


@dataclass(frozen=True)
class Look:
    """A file that was looked at or carried out: what each of its lines is, or what became of it."""

    kind: Kind
    digest: str
    file: CsvFile
    verdicts: list[Verdict]

    @cached_property
    def counts(self) -> dict[Outcome, int]:
        """How many lines there are of each outcome."""
        counted = Counter(verdict.outcome for verdict in self.verdicts)
        return {outcome: counted[outcome] for outcome in Outcome}

    @property
    def wanted(self) -> int:
        """How many lines would change something."""
        return self.counts[Outcome.NEW] + self.counts[Outcome.CHANGED]

    @cached_property
    def lines(self) -> dict[int, Line]:
        """The lines as they are judged, by number."""
        orders = {day: find_day_order(line.cells.get(day, "") for line in self.file.lines) for day in self.kind.days}
        return {line.number: Line(line.number, line.cells, line.problem, orders) for line in self.file.lines}

    def of(self, outcome: Outcome | None) -> list[Verdict]:
        """The lines of one outcome, or all, in the order of the file."""
        return [verdict for verdict in self.verdicts if outcome in (None, verdict.outcome)]

    def in_words(self, problem: Problem) -> str:
        """A problem with its column and what stands there."""
        if problem.field is None:
            return problem.words
        shown = f" “{problem.value}”" if problem.value else ""
        return f"{self.kind.heading(problem.field)}{shown}: {problem.words}"

    @property
    def bad(self) -> list[Verdict]:
        """The lines that are left out."""
        return self.of(Outcome.BAD)

    def tell(self) -> Iterator[str]:
        """All of it as lines of text: what is not read, each bad line, and how many there are of each outcome."""
        if self.file.unknown:
            yield f"Not read: {', '.join(self.file.unknown)}"
        for verdict in self.bad:
            yield f"line {verdict.number}: {' '.join(map(self.in_words, verdict.problems))}"
        yield ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items())

    def write_bad(self) -> bytes:
        """The bad lines as a file, each with everything that is wrong with it."""
        problems = {verdict.number: " ".join(map(self.in_words, verdict.problems)) for verdict in self.of(Outcome.BAD)}
        return write_bad_lines(self.file, problems)


def look(reader: Reader, *, viewer: Actor, at: datetime, kind: Kind, content: bytes) -> Look:
    """What a file would do. Raises Invalid beside the field `file` for what cannot be read as one."""
    viewer.require(kind.permission)
    file = read_csv(content, kind.columns)
    seen = Look(kind, hashlib.sha256(content).hexdigest(), file, [])
    verdicts = kind.judge(reader, viewer=viewer, at=at, lines=list(seen.lines.values()))
    return Look(kind, seen.digest, file, list(verdicts))
