"""Taking one event into the log: what a form, the API and a file of fines do alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Conflict, Invalid, NotFound
from core.events.models import (
    EventIdentity,
    EventRecord,
    EventSource,
    Incident,
    IncidentAct,
    IncidentState,
    IncidentStep,
    LoggedEvent,
    MatchState,
    RecordAct,
    RecordKind,
)
from core.events.rules import records as rules
from core.events.rules.matching import Match
from core.events.schemas import NewIncident, NewRecord, NewRepair
from core.events.service.record_writing import find_known, find_match, ids_of, keep_match, keep_record
from core.permissions import Actor
from core.vehicles import queries as vehicles
from core.vehicles.models import Vehicle

_RIGHT = "events:record"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The event that a record is, and whether it was told for the first time."""

    event_id: int
    is_new: bool


def add_record(session: Writer, *, actor: Actor, at: datetime, new: NewRecord, source: EventSource) -> Recorded:
    """As `record_event`. What it refuses was not begun, so a file goes on with its next line."""
    if problems := rules.find_problems(new, at=at):
        raise Invalid("The event was not recorded.", fields=problems)
    park_id = find_park(session, actor, new)
    identity = rules.identity_of(new, park_id=park_id)
    known = _find_same(session, new, identity)
    if known is not None:
        return Recorded(known, is_new=False)
    try:
        with session.begin_nested():
            event = _add(session, actor=actor, at=at, new=new, source=source, park_id=park_id, identity=identity)
    except IntegrityError as refused:
        if not isinstance(refused.orig, UniqueViolation):
            raise
        known = _find_same(session, new, identity)
        if known is None:
            raise
        return Recorded(known, is_new=False)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="events.record_added",
        subject=("event", event.id),
        kind=event.kind,
        vehicle_id=event.vehicle_id,
        driver_id=event.driver_id,
        source=source,
    )
    outbox.publish(session, "events.record_added", at=at, **ids_of(event))
    return Recorded(event.id, is_new=True)


def find_park(session: Writer, actor: Actor, new: NewRecord) -> int:
    """The park an event belongs to: that of its vehicle, else of its driver. Both have to be in sight."""
    driver_id = None if isinstance(new, NewRepair) else new.driver_id
    driver_park = None
    if driver_id is not None:
        driver_park = session.execute(sa.select(Driver.park_id).where(Driver.id == driver_id)).scalar()
        if driver_park is None or not actor.sees_park(driver_park):
            raise NotFound(f"There is no driver {driver_id}.")
    if new.vehicle_id is not None:
        vehicles.check_reach(session.connection(), actor=actor, permission=_RIGHT, vehicle_id=new.vehicle_id)
        return session.execute(sa.select(Vehicle.park_id).where(Vehicle.id == new.vehicle_id)).scalar_one()
    assert driver_park is not None  # the rules ask for one of the two
    actor.require(_RIGHT, park_id=driver_park)
    return driver_park


def kind_of(new: NewRecord) -> RecordKind:
    """The kind of event that a shape tells."""
    return RecordKind(str(msgspec.to_builtins(new)["kind"]))


def describe(event: LoggedEvent, new: NewRecord) -> None:
    """Put what is told into the event as it stands."""
    event.vehicle_id, event.happened_at = new.vehicle_id, new.happened_at
    event.happened_until = getattr(new, "happened_until", None)
    event.amount_minor, event.currency = rules.amount_of(new)


def match_told(session: Writer, event: LoggedEvent, new: NewRecord) -> Match:
    """Whose an event is: the driver that is named, else whoever had the vehicle."""
    named = None if isinstance(new, NewRepair) else new.driver_id
    return find_match(session, event) if named is None else Match(MatchState.NAMED, named)


def _find_same(session: Writer, new: NewRecord, identity: bytes) -> int | None:
    """The event that this was ever told of. Raises Conflict when it was never told like this."""
    event_id = find_known(session, [identity]).get(identity)
    if event_id is None:
        return None
    alike = sa.select(EventRecord.id).where(
        EventRecord.event_id == event_id, EventRecord.content_hash == rules.content_of(new)
    )
    if session.execute(alike.limit(1)).first() is None:
        raise Conflict(
            f"This is event {event_id}, which is in the log already and was told differently. Correct that one.",
            event_id=event_id,
        )
    return event_id


def _add(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    new: NewRecord,
    source: EventSource,
    park_id: int,
    identity: bytes,
) -> LoggedEvent:
    amount_minor, _ = rules.amount_of(new)
    event = LoggedEvent(
        park_id=park_id,
        kind=kind_of(new),
        match_state=MatchState.NOBODY,
        charge_minor=amount_minor if rules.is_charged(new) else None,
        recorded_at=at,
        changed_at=at,
        record_number=1,
        version=1,
        is_frozen=False,
    )
    describe(event, new)
    session.add(event)
    session.flush()
    session.add(EventIdentity(hash=identity, event_id=event.id))
    session.flush()
    keep_match(session, actor=actor, at=at, event=event, found=match_told(session, event, new))
    keep_record(session, actor=actor, at=at, event=event, new=new, source=source, act=RecordAct.RECORDED)
    if isinstance(new, NewIncident):
        _open_file(session, actor=actor, at=at, event_id=event.id)
    return event


def _open_file(session: Writer, *, actor: Actor, at: datetime, event_id: int) -> None:
    key_id = vault.make_key(session, at=at)
    session.add(Incident(event_id=event_id, key_id=key_id, state=IncidentState.REPORTED))
    session.flush()
    session.add(
        IncidentStep(
            event_id=event_id,
            act=IncidentAct.REPORTED,
            state=IncidentState.REPORTED,
            detail={},
            at=at,
            actor_kind=actor.kind,
            actor_id=actor.id,
        )
    )
    session.flush()
