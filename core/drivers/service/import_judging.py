"""What lines are to the drivers as they stand: each against all records that have the phone or the licence it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Stage
from core.drivers.rules import licences
from core.drivers.service.import_known import Blinds, Known, list_known
from core.drivers.service.import_lines import (
    DriverLine,
    find_repeated_values,
    licence_key_of,
    licence_problems_of,
    read_line,
)
from core.imports import Change, Line, Outcome, Problem, Verdict, find_steps, unreadable
from core.permissions import Actor
from core.vehicles.models import Park

# What a line may say anew of a driver who is there.
CHANGEABLE = (
    *("name", "phone", "email", "birth_date", "address"),
    *("licence_number", "licence_country", "licence_region", "licence_categories", "licence_valid_until"),
)
# What is told of a driver who is there only by whether it is the same.
_HIDDEN = frozenset({"email", "birth_date", "address", "licence_number"})
_ADD, _CHANGE = "drivers:register", "drivers:change"
_GONE = (Stage.LEFT, Stage.REFUSED)


@dataclass(frozen=True, slots=True)
class Judged:
    """A line with what was made of it: `said` is all that the record is to say, `known` the driver it is about."""

    said: DriverLine
    verdict: Verdict
    known: Known | None = None
    park_id: int | None = None

    @property
    def number(self) -> int:
        """The line."""
        return self.said.number


def judge(reader: Reader, *, actor: Actor, lines: Sequence[Line], today: date, locked: bool = False) -> list[Judged]:
    """Each line against what is there, in few queries; `locked` keeps others from changing the records meanwhile."""
    rows = reader.execute(sa.select(Park.id, Park.name).order_by(Park.id))
    reach = actor.reach(_ADD)
    parks = {row.id: row.name for row in rows if reach.covers(row.id)}
    read = [read_line(line, parks=parks, today=today) for line in lines]
    repeated = find_repeated_values(said for said, _ in read)
    blinds = {said.number: Blinds.of(said) for said, _ in read}
    look = _Look(actor, parks, list_known(reader, blinds.values(), locked=locked), blinds, today)
    judged = []
    for line, (said, problems) in zip(lines, read, strict=True):
        if line.problem is not None:
            judged.append(Judged(said, unreadable(line)))
            continue
        twice = [Problem(field, line.cells.get(field, ""), words) for field, words in repeated.get(line.number, [])]
        judged.append(look.judge(line, said, [*problems, *twice]))
    return _in_steps(judged, look)


class _Look:
    """One look at the records that lines touch, for one person."""

    def __init__(
        self,
        actor: Actor,
        parks: Mapping[int, str],
        known: Sequence[Known],
        blinds: Mapping[int, Blinds],
        today: date,
    ) -> None:
        self._actor, self._parks, self._today = actor, parks, today
        self._by_phone: dict[bytes | None, Known] = {
            one.phone_blind: one for one in known if one.phone_blind is not None
        }
        self._by_licence: dict[bytes | None, Known] = {
            one.licence_blind: one for one in known if one.licence_blind is not None
        }
        self._blinds = blinds
        meant = (self._by_licence.get(one.licence) for one in blinds.values())
        self._meant = {one.id for one in meant if one is not None}

    def judge(self, line: Line, said: DriverLine, problems: list[Problem]) -> Judged:
        """What one line is, as if no other waited for it or gave it anything."""
        known = self._find(said)
        whole = said if known is None else _merged(said, known.said)
        found = [] if _says_no_licence(said) else licence_problems_of(whole)
        found += self._find_missing(said) if known is None else self._find_obstacles(said, whole, known)
        refused = {problem.field for problem in problems}
        problems += [Problem(f, line.cells.get(f, ""), words) for f, words in found if f not in refused]
        sees = known is not None and self._actor.may("drivers:read", park_id=known.park_id)
        title = (known.said.name if known and sees else None) or said.name or ""
        if problems:
            return Judged(said, Verdict(said.number, Outcome.BAD, title, problems=tuple(problems)))
        changes = tuple(_find_changes(whole, known, hidden=_HIDDEN if sees else frozenset(CHANGEABLE)))
        expired = whole.licence_valid_until is not None and whole.licence_valid_until < self._today
        hints = ("The licence has expired.",) if expired else ()
        if known is None:
            park_id = said.park_id or next(iter(self._parks))
            changes += (Change("park", None, self._parks[park_id]),)
            new = Verdict(said.number, Outcome.NEW, title, changes=changes, hints=hints)
            return Judged(whole, new, None, park_id)
        outcome = Outcome.CHANGED if changes else Outcome.UNCHANGED
        return Judged(whole, Verdict(said.number, outcome, title, known.id, changes=changes, hints=hints), known)

    def find_holder(self, judged: Judged) -> Known | None:
        """Another driver who has the phone number of this line."""
        holder = self._by_phone.get(self._blinds[judged.number].phone)
        return None if holder is None or (judged.known is not None and holder.id == judged.known.id) else holder

    def name(self, known: Known) -> str:
        """A driver by name, for those who may see them."""
        if self._actor.may("drivers:read", park_id=known.park_id):
            return f"driver {known.id} ({known.said.name})"
        return "somebody outside your parks"

    def _find(self, said: DriverLine) -> Known | None:
        """Who is meant: whoever has the licence, else whoever has the phone number and is not meant by a licence."""
        blinds = self._blinds[said.number]
        if (found := self._by_licence.get(blinds.licence)) is not None:
            return found
        found = self._by_phone.get(blinds.phone)
        return None if found is None or found.id in self._meant else found

    def _find_missing(self, said: DriverLine) -> list[tuple[str, str]]:
        missing = []
        if said.name is None:
            missing.append(("name", "Enter the name: a new driver needs one."))
        if said.phone is None:
            missing.append(("phone", "Enter the phone number: a new driver needs one."))
        if said.park_id is None and len(self._parks) != 1:
            missing.append(("park", "Say which park: there is more than one."))
        return missing

    def _find_obstacles(self, said: DriverLine, whole: DriverLine, known: Known) -> list[tuple[str, str]]:
        """Why the record of whoever is meant cannot be changed by the line."""
        by = "licence_number" if self._by_licence.get(self._blinds[said.number].licence) is known else "phone"
        if not self._actor.may(_ADD, park_id=known.park_id):
            return [(by, "This is somebody outside your parks. Ask an administrator.")]
        if _is_other_person(said, known):
            words = f"This number is that of {self.name(known)}, with another licence. Is it the same person? Then "
            return [(by, f"{words}change the record on its page; otherwise take the number out there.")]
        if said.park_id not in (None, known.park_id):
            return [("park", f"The driver belongs to {self._parks.get(known.park_id, 'another')}. Move them there.")]
        if not any(_find_changes(whole, known)):
            return []
        if known.stage in _GONE:
            return [(by, f"This is {self.name(known)}, who has {known.stage}: the record is changed on its page.")]
        if not self._actor.may(_CHANGE, park_id=known.park_id):
            return [(by, f"This is {self.name(known)}, whose record you may not change. Ask an administrator.")]
        return []


def _is_other_person(said: DriverLine, known: Known) -> bool:
    """Whether a line that has somebody's number has neither their name nor their licence: numbers are given anew."""
    had = known.said
    if said.name is None or said.licence_number is None or had.licence_number is None:
        return False
    return said.name.casefold() != (had.name or "").casefold() and licence_key_of(said) != licence_key_of(had)


def _says_no_licence(said: DriverLine) -> bool:
    return all(getattr(said, field) is None for field in CHANGEABLE if field.startswith("licence_"))


def _merged(said: DriverLine, had: DriverLine) -> DriverLine:
    """The record as it is to be: what the line says, and what it had where the line says nothing."""
    kept = {
        field.name: getattr(had, field.name)
        for field in fields(had)
        if field.name != "number" and getattr(said, field.name) is None
    }
    return replace(said, **kept)


def _find_changes(whole: DriverLine, known: Known | None, *, hidden: frozenset[str] = _HIDDEN) -> Iterable[Change]:
    """What the record is to say and does not; of a new one all. What is hidden is not told, only that it changes."""
    for field in CHANGEABLE:
        before, after = getattr(known and known.said, field, None), getattr(whole, field)
        if after is None or _is_same(field, before, after):
            continue
        told = None if before is None else "another" if field in hidden else _text(before)
        yield Change(field, told, _text(after))


def _is_same(field: str, before: object, after: object) -> bool:
    if field == "licence_number":
        return licences.normal_number(str(before)) == licences.normal_number(str(after))
    return before == after


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _in_steps(judged: Sequence[Judged], look: _Look) -> list[Judged]:
    """The lines again, those that want a number which another driver has after the line that takes it from them."""
    by_driver = {one.known.id: one for one in judged if one.known is not None}
    waits, taken = {}, {}
    for one in judged:
        holder = None if one.verdict.outcome is Outcome.BAD else look.find_holder(one)
        if holder is None:
            continue
        giving = by_driver.get(holder.id)
        if giving is not None and any(change.field == "phone" for change in giving.verdict.changes):
            waits[one.number] = giving.number
        taken[one.number] = f"This is the number of {look.name(holder)}. Change it there first."
    steps = find_steps(waits, {number for number in taken if number not in waits})
    return [_in_step(one, steps.get(one.number), taken) for one in judged]


def _in_step(one: Judged, step: int | None, taken: Mapping[int, str]) -> Judged:
    if one.number not in taken:
        return one
    if step is None:
        return _refused(one, "phone", taken[one.number])
    return replace(one, verdict=replace(one.verdict, step=step))


def _refused(one: Judged, field: str, words: str) -> Judged:
    problem = Problem(field, _text(getattr(one.said, field) or ""), words)
    return Judged(one.said, Verdict(one.number, Outcome.BAD, one.verdict.title, problems=(problem,)))
