"""The words of letters about items: what it is and where it stands, by number. No names and no places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.inbox.rules.catalog import KINDS, Severity

MOST_LINES = 20
SHOUTS = {Severity.NOTE: "To know", Severity.LOOK: "To look at", Severity.ACT: "Act now"}


@dataclass(frozen=True, slots=True)
class Line:
    """One item as a letter tells it. `is_unanswered`: nobody has acknowledged it in time."""

    item_id: int
    kind: str
    severity: Severity
    vehicle_id: int | None
    driver_id: int | None
    due_on: date | None
    document: str | None
    is_unanswered: bool


def office_letter(lines: Sequence[Line], *, inbox_url: str) -> tuple[str, str]:
    """Subject and text for whoever is to see to these; the loudest first."""
    ordered = sorted(lines, key=lambda line: (-line.severity, line.due_on or date.max, line.item_id))
    subject = KINDS[ordered[0].kind].title if len(ordered) == 1 else f"{len(ordered)} things want you at Equinomix"
    told = [_say(line, inbox_url) for line in ordered[:MOST_LINES]]
    if len(ordered) > MOST_LINES:
        told.append(f"And {len(ordered) - MOST_LINES} more: {inbox_url}")
    return subject, "\n\n".join(told)


def driver_letter(lines: Sequence[Line], *, portal_url: str) -> tuple[str, str]:
    """Subject and text for a driver whose documents run out."""
    ordered = sorted(lines, key=lambda line: (line.due_on or date.max, line.item_id))
    told = [f"Your {line.document} holds until {_day(line.due_on)}." for line in ordered]
    what = f"Your {ordered[0].document} runs out" if len(ordered) == 1 else "Documents of yours run out"
    return what, "\n".join([*told, "", f"Hand in the new one in time, or you may not drive: {portal_url}"])


def _say(line: Line, inbox_url: str) -> str:
    about = [f"{word} {number}" for word, number in _subjects(line) if number is not None]
    due = [f"Last day: {_day(line.due_on)}."] if line.due_on else []
    late = ["Nobody has acknowledged it."] if line.is_unanswered else []
    words = [f"{SHOUTS[line.severity]}: {KINDS[line.kind].title}.", *(f"{one}." for one in about), *due, *late]
    return f"{' '.join(words)}\n{inbox_url}/{line.item_id}"


def _subjects(line: Line) -> tuple[tuple[str, int | None], ...]:
    return ("Vehicle", line.vehicle_id), ("Driver", line.driver_id)


def _day(day: date | None) -> str:
    return f"{day:%-d %B %Y}" if day else "a day that is not known"
