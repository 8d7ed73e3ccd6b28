"""Fines out of a file of an authority: what each line is to the log, and many at once into it.

A fine is known by issuer and number. One that is there is left as it is, also when it was corrected, disputed or
withdrawn since; a line that tells it differently is bad and names the event, for a person to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from core.db import Reader, Writer
from core.errors import Conflict
from core.events.models import EventIdentity, EventRecord, EventSource
from core.events.rules.records import content_of, identity_of
from core.events.service.fine_lines import FineLine, Fleet, find_repeated, read_fine
from core.events.service.record_adding import add_record
from core.imports import Change, Line, Outcome, Problem, Verdict
from core.permissions import Actor, needs

_SHOWN = ("vehicle_id", "happened_at", "offence", "amount_minor", "currency")


def judge_fines(reader: Reader, *, viewer: Actor, at: datetime, lines: Sequence[Line]) -> list[Verdict]:
    """What each line of a whole file is to the log: new, unchanged or bad. Needs events:record."""
    viewer.require("events:record")
    return [verdict for _, verdict in _judge(reader, actor=viewer, at=at, lines=lines)]


@needs("events:record")
def import_fines(session: Writer, *, actor: Actor, at: datetime, lines: Sequence[Line], source: str) -> list[Verdict]:
    """Record the fines of these lines, and find out whose each is; returns what became of each. Bad ones are left out.

    To do it twice changes nothing. `source` names the file, as its digest; the log says that it came from a file.
    """
    became = []
    for fine, verdict in _judge(session.connection(), actor=actor, at=at, lines=lines):
        if verdict.outcome is not Outcome.NEW:
            became.append(verdict)
            continue
        assert fine.new is not None
        try:
            recorded = add_record(session, actor=actor, at=at, new=fine.new, source=EventSource.FILE)
        except Conflict as told:  # somebody else recorded it between our look and our write
            became.append(_bad(fine, [Problem(None, "", told.detail)]))
            continue
        outcome = Outcome.NEW if recorded.is_new else Outcome.UNCHANGED
        became.append(replace(verdict, outcome=outcome, record_id=recorded.event_id))
    return became


def _judge(reader: Reader, *, actor: Actor, at: datetime, lines: Sequence[Line]) -> Iterable[tuple[FineLine, Verdict]]:
    fleet = Fleet(reader, actor)
    fines = [read_fine(line, fleet, at=at) for line in lines]
    repeated = find_repeated(fines)
    known = _list_known(reader, fines)
    return [(fine, _verdict(fine, repeated, known)) for fine in fines]


def _verdict(fine: FineLine, repeated: dict[int, int], known: dict[bytes, tuple[int, set[bytes]]]) -> Verdict:
    if fine.problems or fine.new is None or fine.park_id is None:
        return _bad(fine, fine.problems)
    if fine.number in repeated:
        told = f"Line {repeated[fine.number]} has this notice already. Keep one of the two."
        return _bad(fine, [Problem("number", fine.new.number, told)])
    there = known.get(identity_of(fine.new, park_id=fine.park_id))
    if there is None:
        shown = ((name, getattr(fine.new, name)) for name in _SHOWN)
        changes = tuple(Change(name, None, str(value)) for name, value in shown)
        return Verdict(fine.number, Outcome.NEW, fine.title, changes=changes)
    event_id, contents = there
    if content_of(fine.new) in contents:
        return Verdict(fine.number, Outcome.UNCHANGED, fine.title, event_id)
    told = f"This notice is event {event_id} and was told differently before. Look at it, and correct it if need be."
    return replace(_bad(fine, [Problem("number", fine.new.number, told)]), record_id=event_id)


def _bad(fine: FineLine, problems: Sequence[Problem]) -> Verdict:
    return Verdict(fine.number, Outcome.BAD, fine.title, problems=tuple(problems))


def _list_known(reader: Reader, fines: Sequence[FineLine]) -> dict[bytes, tuple[int, set[bytes]]]:
    """The events that these lines are, by identity, with everything that was ever told of them."""
    hashes = [identity_of(f.new, park_id=f.park_id) for f in fines if f.new is not None and f.park_id is not None]
    query = (
        sa.select(EventIdentity.hash, EventIdentity.event_id, EventRecord.content_hash)
        .join(EventRecord, EventRecord.event_id == EventIdentity.event_id)
        .where(EventIdentity.hash.in_(hashes))
    )
    known: dict[bytes, tuple[int, set[bytes]]] = {}
    for identity, event_id, content in reader.execute(query):
        known.setdefault(identity, (event_id, set()))[1].add(content)
    return known
