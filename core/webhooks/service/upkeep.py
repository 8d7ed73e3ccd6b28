"""Messages that nobody looks up any more are cleared, a few thousand at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import Writer
from core.permissions import Actor, needs
from core.webhooks.models import Endpoint, Message, MessageState

KEPT = {MessageState.DELIVERED: timedelta(days=30), MessageState.DEAD: timedelta(days=90)}
MOST = 5000


@needs("webhooks:deliver")
def clear_old(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Delete up to 5000 delivered messages after 30 days and dead ones after 90, with their attempts; how many.

    Of a removed endpoint what waits will never be sent, and goes with the dead.
    """
    removed = sa.select(Endpoint.id).where(Endpoint.removed_at < at - KEPT[MessageState.DEAD])
    old = [
        # Created is before finished, and has the index.
        sa.and_(Message.state == state, Message.created_at < at - kept, Message.finished_at < at - kept)
        for state, kept in KEPT.items()
    ]
    chosen = sa.select(Message.id).where(sa.or_(*old, Message.endpoint_id.in_(removed))).limit(MOST)
    return len(session.scalars(sa.delete(Message).where(Message.id.in_(chosen)).returning(Message.id)).all())
