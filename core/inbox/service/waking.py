"""What time alone does: what was put off comes back, and what nobody answers goes further up."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.inbox.models import Item, StepAct
from core.inbox.rules.claims import ItemState
from core.inbox.rules.reminders import ANSWER_WITHIN, Audience
from core.inbox.service.changes import note_step, plan_letters, tell_opened
from core.permissions import Actor, needs

MOST = 200


@needs("inbox:follow")
def wake_snoozed(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Let the items whose time has come want somebody again; returns how many."""
    due = session.scalars(
        sa.select(Item)
        .where(Item.state == ItemState.SNOOZED, Item.snoozed_until <= at)
        .order_by(Item.id)
        .limit(MOST)
        .with_for_update(skip_locked=True)
    ).all()
    for item in due:
        item.state, item.snoozed_until, item.open_since, item.escalated_at = ItemState.OPEN, None, at, None
        note_step(session, item, StepAct.WOKEN, actor=actor, at=at)
        tell_opened(session, item, at=at)
    return len(due)


@needs("inbox:follow")
def escalate_unanswered(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Tell administrators of what nobody has acknowledged in time; returns how many items. Each once, until it is
    opened anew or gets louder.
    """
    late = [
        sa.and_(Item.severity == severity, Item.open_since <= at - within) for severity, within in ANSWER_WITHIN.items()
    ]
    items = session.scalars(
        sa.select(Item)
        .where(Item.state == ItemState.OPEN, Item.escalated_at.is_(None), sa.or_(*late))
        .order_by(Item.id)
        .limit(MOST)
        .with_for_update(skip_locked=True)
    ).all()
    for item in items:
        item.escalated_at = at
        note_step(session, item, StepAct.ESCALATED, actor=actor, at=at)
        occasion = f"unanswered:{item.open_since.isoformat()}"
        plan_letters(session, item, at=at, occasion=occasion, audiences=[Audience.ADMINS])
    return len(items)
