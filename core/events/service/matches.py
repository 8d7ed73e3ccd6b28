"""Whose events are: found out again when assignments change, and decided by a person where that is not enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core import audit, outbox
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Conflict, NotFound
from core.events.models import LoggedEvent, MatchState
from core.events.rules.matching import Match, match
from core.events.service.record_writing import ids_of, keep_match, list_holdings, lock_event, refuse_withdrawn, touch
from core.permissions import Actor, needs

_BY_ASSIGNMENT = (MatchState.MATCHED, MatchState.NOBODY, MatchState.AMBIGUOUS)


@needs("events:match")
def rematch_vehicles(session: Writer, *, actor: Actor, at: datetime, vehicle_ids: Sequence[int]) -> int:
    """Find out again whose the events of these vehicles are; returns how many changed hands.

    What a person decided, what was told with its driver and what is disputed stays.
    """
    query = sa.select(LoggedEvent).where(
        LoggedEvent.vehicle_id.in_(list(vehicle_ids)),
        LoggedEvent.match_state.in_(_BY_ASSIGNMENT),
        LoggedEvent.withdrawn_at.is_(None),
        ~LoggedEvent.is_frozen,
    )
    events = session.scalars(query.order_by(LoggedEvent.id).with_for_update()).all()
    holdings = list_holdings(session, vehicle_ids) if events else {}
    changed = 0
    for event in events:
        assert event.vehicle_id is not None
        found = match(event.happened_at, event.happened_until, holdings.get(event.vehicle_id, []))
        if (found.state, found.driver_id) != (event.match_state, event.driver_id):
            _keep(session, actor=actor, at=at, event=event, found=found)
            changed += 1
    return changed


@needs("events:record")
def decide_driver(session: Writer, *, actor: Actor, at: datetime, event_id: int, driver_id: int | None) -> None:
    """Say whose an event is, or that it is no driver's (None). It stays so, whatever becomes of assignments.

    Raises NotFound for a driver out of sight, Conflict for an event that is disputed or withdrawn.
    """
    event = lock_event(session, actor=actor, permission="events:record", event_id=event_id)
    refuse_withdrawn(event)
    if event.is_frozen:
        raise Conflict(f"Event {event_id} is disputed. Decide the dispute first.")
    if driver_id is not None:
        park_id = session.execute(sa.select(Driver.park_id).where(Driver.id == driver_id)).scalar()
        if park_id is None or not actor.sees_park(park_id):
            raise NotFound(f"There is no driver {driver_id}.")
    if (event.match_state, event.driver_id) == (MatchState.DECIDED, driver_id):
        return
    _keep(session, actor=actor, at=at, event=event, found=Match(MatchState.DECIDED, driver_id))


def _keep(session: Writer, *, actor: Actor, at: datetime, event: LoggedEvent, found: Match) -> None:
    before = event.driver_id
    touch(event, at)
    keep_match(session, actor=actor, at=at, event=event, found=found)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="events.record_matched",
        subject=("event", event.id),
        driver_before=before,
        driver_id=found.driver_id,
        state=found.state,
    )
    outbox.publish(session, "events.record_matched", at=at, **ids_of(event))
