"""The event log: what people and authorities tell, once each; corrected and withdrawn by new versions."""

from __future__ import annotations

from datetime import datetime

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Invalid, check_version
from core.events.models import (
    EventIdentity,
    EventRecord,
    EventSource,
    LoggedEvent,
    MatchState,
    RecordAct,
    RecordReason,
)
from core.events.rules import records as rules
from core.events.schemas import Correction, NewRecord
from core.events.service.dispute_endings import drop_open_dispute
from core.events.service.record_adding import Recorded, add_record, describe, find_park, kind_of, match_told
from core.events.service.record_writing import (
    find_known,
    ids_of,
    keep_match,
    keep_record,
    lock_event,
    newest_record,
    refuse_withdrawn,
    touch,
)
from core.permissions import Actor, needs, system

_RIGHT = "events:record"
# Who shows what was just written to whoever wrote it.
LOG_READER = system("event log", "events:read_records")


@needs("events:record")
def record_event(session: Writer, *, actor: Actor, at: datetime, new: NewRecord, source: EventSource) -> Recorded:
    """Take an event into the log, and find out whose it is. Told again, it is the event that is there already.

    Raises Invalid for what breaks a rule, NotFound for a vehicle or driver out of sight, Conflict for an event that is
    known and was told differently.
    """
    return add_record(session, actor=actor, at=at, new=new, source=source)


@needs("events:record")
def correct_event(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    event_id: int,
    correction: Correction,
    source: EventSource,
    versions: frozenset[int] | None = None,
) -> None:
    """Say what an event really was: a new version takes the place of the old one, which stays.

    Whose it is is found out anew. Raises Conflict for an event that was withdrawn, is disputed or of another kind, and
    when the correction makes it another event that is in the log.
    """
    event = lock_event(session, actor=actor, permission=_RIGHT, event_id=event_id)
    check_version(event.version, versions)
    refuse_withdrawn(event)
    if event.is_frozen:
        raise Conflict(f"Event {event_id} is disputed. Decide the dispute first; its decision can change the charge.")
    new, old = correction.record, newest_record(session, event)
    if kind_of(new) is not event.kind:
        raise Conflict(f"Event {event_id} is a {event.kind}. Withdraw it, and record what it was instead.")
    if problems := rules.find_problems(new, at=at):
        raise Invalid("The event was not corrected.", fields=problems)
    if find_park(session, actor, new) != event.park_id:
        raise Conflict("That vehicle is of another park. Withdraw the event, and record it there.")
    _claim_identity(session, event, rules.identity_of(new, park_id=event.park_id))
    amount_before = event.amount_minor, event.currency
    describe(event, new)
    if (event.amount_minor, event.currency) != amount_before:
        event.charge_minor = event.amount_minor if rules.is_charged(new) else None
    event.record_number += 1
    touch(event, at)
    if event.match_state is not MatchState.DECIDED:
        keep_match(session, actor=actor, at=at, event=event, found=match_told(session, event, new))
    keep_record(
        session,
        actor=actor,
        at=at,
        event=event,
        new=new,
        source=source,
        act=RecordAct.CORRECTED,
        reason=correction.reason,
        replaces=old,
    )
    _tell_changed(session, actor, at, event, "events.record_corrected", correction.reason)


@needs("events:record")
def withdraw_event(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    event_id: int,
    reason: RecordReason,
    source: EventSource,
    versions: frozenset[int] | None = None,
) -> None:
    """Let an event count no more; it stays in the log. An open dispute of it has thereby been won."""
    event = lock_event(session, actor=actor, permission=_RIGHT, event_id=event_id)
    check_version(event.version, versions)
    refuse_withdrawn(event)
    old = newest_record(session, event)
    drop_open_dispute(session, actor=actor, at=at, event=event)
    event.withdrawn_at = at
    event.charge_minor = None if event.charge_minor is None else 0
    event.record_number += 1
    touch(event, at)
    session.add(
        EventRecord(
            event_id=event.id,
            number=event.record_number,
            replaces_id=old.id,
            act=RecordAct.WITHDRAWN,
            reason=reason,
            told=old.told,
            words_sealed=old.words_sealed,
            identity_hash=old.identity_hash,
            content_hash=old.content_hash,
            source=source,
            at=at,
            actor_kind=actor.kind,
            actor_id=actor.id,
        )
    )
    _tell_changed(session, actor, at, event, "events.record_withdrawn", reason)


def _tell_changed(
    session: Writer, actor: Actor, at: datetime, event: LoggedEvent, action: str, reason: RecordReason
) -> None:
    audit.record(session, actor=actor, at=at, action=action, subject=("event", event.id), reason=reason)
    outbox.publish(session, "events.record_changed", at=at, **ids_of(event))


def _claim_identity(session: Writer, event: LoggedEvent, identity: bytes) -> None:
    known = find_known(session, [identity]).get(identity)
    if known is not None and known != event.id:
        raise Conflict(
            f"So corrected it would be event {known}, which is in the log already. Withdraw one of the two.",
            event_id=known,
        )
    if known is None:
        session.add(EventIdentity(hash=identity, event_id=event.id))
        session.flush()
