"""Drivers out of a file: what each line is to the records, and many at once into them.

A driver is known by the licence, else by the phone number. What a line does not say stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from core.db import Reader, Writer
from core.drivers.service.import_judging import judge
from core.drivers.service.import_storing import store_changed, store_new
from core.errors import Conflict
from core.imports import Line, Outcome, Verdict
from core.permissions import Actor, needs

_ATTEMPTS = 3


def judge_drivers(reader: Reader, *, viewer: Actor, at: datetime, lines: Sequence[Line]) -> list[Verdict]:
    """What each line of a whole file is to the drivers: new, changed, unchanged or bad. Needs drivers:register.

    Of who is there already, what is sealed is told only by whether it is the same.
    """
    viewer.require("drivers:register")
    return [one.verdict for one in judge(reader, actor=viewer, lines=lines, today=at.date())]


@needs("drivers:register")
def import_drivers(session: Writer, *, actor: Actor, at: datetime, lines: Sequence[Line], source: str) -> list[Verdict]:
    """Add and change who the lines tell of; returns what became of each. Bad ones are left out.

    As `core.vehicles.service.import_vehicles`. Raises Conflict when others keep writing the same drivers.
    """
    for _ in range(_ATTEMPTS):
        try:
            with session.begin_nested():
                judged = judge(session.connection(), actor=actor, lines=lines, today=at.date(), locked=True)
                ids = store_new(session, judged, actor=actor, at=at, source=source)
                store_changed(session, judged, actor=actor, at=at, source=source)
                return [
                    replace(one.verdict, record_id=ids[one.number])
                    if one.verdict.outcome is Outcome.NEW
                    else one.verdict
                    for one in judged
                ]
        except IntegrityError:
            continue  # somebody wrote one of them between our look and our write: look again
    raise Conflict("Others are writing the same drivers at this moment. Import the file again; nothing is done twice.")
