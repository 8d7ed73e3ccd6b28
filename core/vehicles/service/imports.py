"""Vehicles out of a file: what each line is to the registry, and many at once into it.

A vehicle is known by its VIN. What a line does not say stays as it is; a tracker that is in a vehicle is not replaced
by a file, since its key and its relay are more than its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from core.db import Reader, Writer
from core.errors import Conflict
from core.imports import Line, Outcome, Verdict
from core.permissions import Actor, needs
from core.vehicles.service.import_judging import judge
from core.vehicles.service.import_storing import store_changed, store_new

_ATTEMPTS = 3


def judge_vehicles(reader: Reader, *, viewer: Actor, at: datetime, lines: Sequence[Line]) -> list[Verdict]:
    """What each line of a whole file is to the registry: new, changed, unchanged or bad. Needs vehicles:register."""
    viewer.require("vehicles:register")
    return [judged.verdict for judged in judge(reader, actor=viewer, lines=lines)]


@needs("vehicles:register")
def import_vehicles(
    session: Writer, *, actor: Actor, at: datetime, lines: Sequence[Line], source: str
) -> list[Verdict]:
    """Add and change what the lines say; returns what became of each. Bad ones are left out.

    `lines` are some of a file that was judged, all of one step: no more than a transaction should hold. `source` is
    the name under which the audit finds what came of one file. To do it twice changes nothing.
    Raises Conflict when others keep writing the same vehicles at this moment.
    """
    for _ in range(_ATTEMPTS):
        try:
            with session.begin_nested():
                judged = judge(session.connection(), actor=actor, lines=lines, locked=True)
                ids = store_new(session, judged, actor=actor, at=at, source=source)
                store_changed(session, judged, actor=actor, at=at, source=source)
                return [_with_id(one.verdict, ids) for one in judged]
        except IntegrityError:
            continue  # somebody wrote one of them between our look and our write: look again
    raise Conflict("Others are writing the same vehicles at this moment. Import the file again; nothing is done twice.")


def _with_id(verdict: Verdict, ids: dict[int, int]) -> Verdict:
    return replace(verdict, record_id=ids[verdict.number]) if verdict.outcome is Outcome.NEW else verdict
