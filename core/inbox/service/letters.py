"""The letters that items ask for: one to each person, of all that they are to be told at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from core.db import Writer
from core.drivers.models import Driver
from core.identity import queries as identity
from core.identity.service import Post, write_letter
from core.inbox.models import Item, StepAct, Telling
from core.inbox.rules.catalog import Severity
from core.inbox.rules.claims import ItemState
from core.inbox.rules.letters import Line, driver_letter, office_letter
from core.inbox.rules.reminders import Audience
from core.inbox.rules.sight import may_see
from core.inbox.service.changes import note_step
from core.permissions import ADMIN, OPERATOR, STAFF, Actor, needs

MOST = 500


class Reader(NamedTuple):
    """Who reads a letter, and by which door they come in."""

    user_id: int
    door: str


@needs("inbox:follow")
def write_letters(session: Writer, *, actor: Actor, at: datetime, post: Post) -> int:
    """Write what is due, in the transaction that notes it as told; returns how many letters.

    What is closed, or was opened anew meanwhile, is not told any more. The actor needs identity:maintain too.
    """
    due = session.execute(
        sa.select(Telling, Item)
        .join(Item, Item.id == Telling.item_id)
        .where(Telling.settled_at.is_(None), Telling.due_at <= at)
        .order_by(Telling.id)
        .limit(MOST)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return 0
    people = identity.list_holders(session.connection(), viewer=actor, at=at, permission="inbox:read")
    letters: dict[Reader, list[Line]] = defaultdict(list)
    for telling, item in due:
        readers = _find_readers(session, telling, item, people) if _is_still_so(telling, item) else []
        telling.settled_at, telling.letters = at, len(readers)
        for reader in readers:
            letters[reader].append(_line(item, is_unanswered=telling.occasion.startswith("unanswered")))
        if readers:
            note_step(session, item, StepAct.TOLD, actor=actor, at=at, audience=telling.audience, letters=len(readers))
    for reader, lines in letters.items():
        subject, text = _compose(reader, lines, post.base_url)
        write_letter(session, actor=actor, at=at, user_id=reader.user_id, subject=subject, text=text, post=post)
    return len(letters)


def _is_still_so(telling: Telling, item: Item) -> bool:
    if item.round != telling.round or item.state is ItemState.CLOSED:
        return False
    # Somebody has answered since, or it was put off: what was to be told is no longer true.
    return not telling.occasion.startswith("unanswered") or item.state is ItemState.OPEN


def _find_readers(session: Writer, telling: Telling, item: Item, people: Sequence[Actor]) -> list[Reader]:
    if telling.audience is Audience.DRIVER:
        user_id = session.scalar(sa.select(Driver.user_id).where(Driver.id == item.driver_id))
        return [] if user_id is None else [Reader(user_id, "driver")]
    found = [one for one in people if one.id is not None and _sees(one, item)]
    if telling.audience is Audience.ADMINS:
        found = [one for one in found if ADMIN in one.roles]
    elif item.assigned_to is not None:
        found = [one for one in found if one.id == item.assigned_to]
    else:
        found = [one for one in found if not one.roles.isdisjoint({OPERATOR, STAFF})]
    return [Reader(one.id, _door(one)) for one in found if one.id is not None]


def _sees(person: Actor, item: Item) -> bool:
    return may_see(person, "inbox:read", kind=item.kind, park_id=item.park_id, vehicle_id=item.vehicle_id)


def _door(person: Actor) -> str:
    return "operator" if not person.roles.isdisjoint({OPERATOR, STAFF}) else "admin"


def _line(item: Item, *, is_unanswered: bool) -> Line:
    return Line(
        item_id=item.id,
        kind=item.kind,
        severity=Severity(item.severity),
        vehicle_id=item.vehicle_id,
        driver_id=item.driver_id,
        due_on=item.due_on,
        document=item.detail.get("document"),
        is_unanswered=is_unanswered,
    )


def _compose(reader: Reader, lines: Sequence[Line], base_url: str) -> tuple[str, str]:
    if reader.door == "driver":
        return driver_letter(lines, portal_url=f"{base_url}/driver/")
    # An item that is both due and unanswered stands in a letter once.
    return office_letter(
        list({line.item_id: line for line in lines}.values()), inbox_url=f"{base_url}/{reader.door}/inbox"
    )
