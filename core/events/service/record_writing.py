"""What the verbs of the event log share: finding and locking an event, sealing words, versions, matches, facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from core import vault
from core.db import Writer
from core.drivers.models import Assignment, Driver
from core.errors import Conflict, NotFound
from core.events.models import EventIdentity, EventMatch, EventRecord, EventSource, LoggedEvent, RecordAct, RecordReason
from core.events.rules import records as rules
from core.events.rules.matching import Holding, Match, match
from core.events.rules.sealed_fields import WORDS
from core.events.schemas import NewRecord
from core.permissions import Actor


def lock_event(session: Writer, *, actor: Actor, permission: str, event_id: int) -> LoggedEvent:
    """The event, held until the transaction ends. NotFound out of the actor's parks, Forbidden without the right."""
    query = sa.select(LoggedEvent).where(LoggedEvent.id == event_id).with_for_update()
    event = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if event is None or not actor.sees_park(event.park_id):
        raise NotFound(f"There is no event {event_id} in the log.")
    actor.require(permission, park_id=event.park_id, vehicle_id=event.vehicle_id)
    return event


def refuse_withdrawn(event: LoggedEvent) -> None:
    """Raise Conflict for an event that counts no more."""
    if event.withdrawn_at is not None:
        raise Conflict(f"Event {event.id} was withdrawn. It stays in the log as it is; record it anew if it is so.")


def newest_record(session: Writer, event: LoggedEvent) -> EventRecord:
    """The version that counts."""
    wanted = sa.select(EventRecord).where(EventRecord.event_id == event.id, EventRecord.number == event.record_number)
    return session.scalars(wanted).one()


def touch(event: LoggedEvent, at: datetime) -> None:
    """Note that the event changed."""
    event.changed_at = max(at, event.changed_at)
    event.version += 1


def list_holdings(session: Writer, vehicle_ids: Iterable[int]) -> dict[int, list[Holding]]:
    """Who has had these vehicles when, whatever the parks of whoever asks: an event belongs to whom it happened."""
    found: dict[int, list[Holding]] = {}
    during = Assignment.during
    query = sa.select(
        Assignment.vehicle_id, Assignment.id, Assignment.driver_id, sa.func.lower(during), sa.func.upper(during)
    ).where(Assignment.vehicle_id.in_(set(vehicle_ids)), Assignment.cancelled_at.is_(None))
    for vehicle_id, *holding in session.execute(query):
        found.setdefault(vehicle_id, []).append(Holding(*holding))
    return found


def find_match(session: Writer, event: LoggedEvent) -> Match:
    """Whose an event with a vehicle is, by the assignments as they are."""
    assert event.vehicle_id is not None
    holdings = list_holdings(session, [event.vehicle_id]).get(event.vehicle_id, [])
    return match(event.happened_at, event.happened_until, holdings)


def keep_match(session: Writer, *, actor: Actor, at: datetime, event: LoggedEvent, found: Match) -> None:
    """Write down whose an event is."""
    event.driver_id, event.match_state = found.driver_id, found.state
    session.add(
        EventMatch(
            event_id=event.id,
            state=found.state,
            driver_id=found.driver_id,
            assignment_id=found.assignment_id,
            at=at,
            actor_kind=actor.kind,
            actor_id=actor.id,
        )
    )


def key_of(session: Writer, *, at: datetime, event: LoggedEvent) -> int:
    """The key for words about an event: that of its driver, or the event's own while nobody is known."""
    if event.driver_id is not None:
        return session.execute(sa.select(Driver.key_id).where(Driver.id == event.driver_id)).scalar_one()
    if event.key_id is None:
        event.key_id = vault.make_key(session, at=at)
    return event.key_id


def keep_record(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    event: LoggedEvent,
    new: NewRecord,
    source: EventSource,
    act: RecordAct,
    reason: RecordReason | None = None,
    replaces: EventRecord | None = None,
) -> EventRecord:
    """Write a version of an event with its words sealed."""
    words = new.words.strip()
    sealed = None
    if words:
        sealed = vault.seal_text(session, key_id=key_of(session, at=at, event=event), field=WORDS, text=words)
    record = EventRecord(
        event_id=event.id,
        number=event.record_number,
        replaces_id=None if replaces is None else replaces.id,
        act=act,
        reason=reason,
        told=rules.told_of(new),
        words_sealed=sealed,
        identity_hash=rules.identity_of(new, park_id=event.park_id),
        content_hash=rules.content_of(new),
        source=source,
        at=at,
        actor_kind=actor.kind,
        actor_id=actor.id,
    )
    session.add(record)
    session.flush()
    return record


def find_known(session: Writer, hashes: Iterable[bytes]) -> dict[bytes, int]:
    """The events that were ever told under these identities."""
    query = sa.select(EventIdentity.hash, EventIdentity.event_id).where(EventIdentity.hash.in_(list(hashes)))
    return {row[0]: row[1] for row in session.execute(query)}


def ids_of(event: LoggedEvent) -> dict[str, int]:
    """What a fact about an event names."""
    vehicle = {} if event.vehicle_id is None else {"vehicle_id": event.vehicle_id}
    return {"event_id": event.id, **vehicle}
