"""How a dispute ends, for whoever decides it and for a withdrawal of what it is about."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import outbox
from core.db import Writer
from core.events.models import Dispute, DisputeEffect, DisputeState, DisputeStep, LoggedEvent
from core.events.service.record_writing import ids_of
from core.permissions import Actor


def keep_step(session: Writer, *, actor: Actor, at: datetime, dispute: Dispute) -> None:
    """Write down the state that a dispute came to."""
    session.flush()
    session.add(
        DisputeStep(dispute_id=dispute.id, state=dispute.state, at=at, actor_kind=actor.kind, actor_id=actor.id)
    )
    session.flush()


def end_dispute(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    event: LoggedEvent,
    dispute: Dispute,
    state: DisputeState,
    effect: DisputeEffect | None,
) -> None:
    """End a dispute: what was frozen is free again."""
    dispute.state, dispute.effect, dispute.ended_at = state, effect, at
    event.is_frozen = False
    keep_step(session, actor=actor, at=at, dispute=dispute)
    outbox.publish(
        session, "events.dispute_ended", at=at, **ids_of(event), dispute_id=dispute.id, driver_id=dispute.driver_id
    )


def drop_open_dispute(session: Writer, *, actor: Actor, at: datetime, event: LoggedEvent) -> None:
    """End the open dispute of an event that is withdrawn, if there is one: it has been won."""
    wanted = sa.select(Dispute).where(Dispute.event_id == event.id, Dispute.ended_at.is_(None))
    dispute = session.scalars(wanted).one_or_none()
    if dispute is not None:
        effect = DisputeEffect.CHARGE_DROPPED
        end_dispute(
            session, actor=actor, at=at, event=event, dispute=dispute, state=DisputeState.ACCEPTED, effect=effect
        )
