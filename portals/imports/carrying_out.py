"""The good lines of a file into the records, a transaction for each batch.

What a batch did is done, whatever becomes of the next one: to import the same file again does the rest. Each batch is
judged anew where it is written, so what others change in between is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from core.db import Database
from core.imports import Line, Outcome, Verdict
from core.permissions import Actor
from portals.imports.looking import Look

BATCH = 500


def carry_out(database: Database, seen: Look, *, actor: Actor, at: datetime) -> Look:
    """Do what `seen` says that would be done; the same again, with what became of each line."""
    became = {verdict.number: verdict for verdict in seen.verdicts}
    for lines in _batches(seen):
        with database.transaction() as session:
            verdicts = seen.kind.bring(session, actor=actor, at=at, lines=lines, source=seen.digest)
            if seen.kind.add_beside is not None:
                seen.kind.add_beside(session, actor=actor, at=at, verdicts=verdicts)
        became |= {verdict.number: verdict for verdict in verdicts}
    return replace(seen, verdicts=list(became.values()))


def _batches(seen: Look) -> Iterator[list[Line]]:
    """The lines that change something, by their steps."""
    wanted = [verdict for verdict in seen.verdicts if verdict.outcome in (Outcome.NEW, Outcome.CHANGED)]
    for _, step in groupby(sorted(wanted, key=_step), key=_step):
        numbers = [verdict.number for verdict in step]
        for start in range(0, len(numbers), BATCH):
            yield [seen.lines[number] for number in numbers[start : start + BATCH]]


def _step(verdict: Verdict) -> int:
    return verdict.step
