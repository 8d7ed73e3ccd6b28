"""What is written down whenever something becomes of an item: the step, the fact, the letters it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import outbox
from core.db import Writer
from core.inbox.models import Item, Step, StepAct, Telling
from core.inbox.rules.catalog import KINDS
from core.inbox.rules.reminders import Audience, next_writing
from core.permissions import Actor
from core.vehicles.models import Park


def note_step(session: Writer, item: Item, act: StepAct, *, actor: Actor, at: datetime, **detail: Any) -> None:
    """Write down what became of an item, and let it have another version."""
    item.version += 1
    session.add(
        Step(
            item_id=item.id,
            round=item.round,
            at=at,
            act=act,
            actor_kind=actor.kind,
            actor_id=actor.id,
            detail=detail,
        )
    )


def ids_of(item: Item) -> dict[str, int]:
    """What a fact about an item names."""
    about = {"vehicle_id": item.vehicle_id, "driver_id": item.driver_id}
    return {"item_id": item.id, **{name: id_ for name, id_ in about.items() if id_ is not None}}


def tell_opened(session: Writer, item: Item, *, at: datetime) -> None:
    """Publish that an item wants somebody, for the first time or again."""
    outbox.publish(session, "inbox.item_opened", at=at, **ids_of(item))


def tell_handled(session: Writer, item: Item, *, at: datetime) -> None:
    """Publish that somebody has an item in hand, or has put it off."""
    outbox.publish(session, "inbox.item_handled", at=at, **ids_of(item))


def tell_closed(session: Writer, item: Item, *, at: datetime) -> None:
    """Publish that an item wants nobody any more."""
    outbox.publish(session, "inbox.item_closed", at=at, **ids_of(item))


def plan_letters(session: Writer, item: Item, *, at: datetime, occasion: str, audiences: Iterable[Audience]) -> None:
    """Let these be written to about an item, once for this occasion of its round, however often it is asked."""
    zone = session.scalar(sa.select(Park.time_zone).where(Park.id == item.park_id)) or "UTC"
    due_at = next_writing(at, zone, is_urgent=KINDS[item.kind].is_urgent)
    rows = [
        {"item_id": item.id, "round": item.round, "occasion": occasion, "audience": audience, "due_at": due_at}
        for audience in audiences
    ]
    if rows:
        session.execute(insert(Telling).values(rows).on_conflict_do_nothing())
