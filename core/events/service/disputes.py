"""Disputes of events: opened by the driver or for them by the office, decided by somebody else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.events.models import (
    Dispute,
    DisputeEffect,
    DisputeFile,
    DisputeGround,
    DisputeState,
    EventMatch,
    EventRecord,
    LoggedEvent,
)
from core.events.rules import disputes as rules
from core.events.rules.sealed_fields import DISPUTE_REASONS, DISPUTE_WORDS
from core.events.service.dispute_endings import end_dispute, keep_step
from core.events.service.record_writing import ids_of, lock_event, touch
from core.files import service as files
from core.permissions import Actor, needs

MOST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends along."""

    name: str
    content: bytes


@needs("events:dispute_own")
def dispute_own_event(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    event_id: int,
    ground: DisputeGround,
    words: str,
    uploads: Sequence[Upload] = (),
) -> int:
    """The driver says that an event is not so; returns the dispute's id. Nothing is deducted for it until decided.

    Raises NotFound for an event that is not theirs, Conflict when it is disputed already or too late.
    """
    driver = session.scalars(sa.select(Driver).where(Driver.user_id == actor.id)).one_or_none()
    wanted = sa.select(LoggedEvent).where(LoggedEvent.id == event_id).with_for_update()
    event = None if driver is None else session.scalars(wanted).one_or_none()
    if driver is None or event is None or event.driver_id != driver.id:
        raise NotFound(f"There is no event {event_id} of yours.")
    return _open(session, actor, at, event, driver, ground, words, uploads)


@needs("events:record")
def dispute_event(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    event_id: int,
    ground: DisputeGround,
    words: str,
    uploads: Sequence[Upload] = (),
) -> int:
    """The office disputes an event for its driver; returns the dispute's id. Conflict when it is nobody's."""
    event = lock_event(session, actor=actor, permission="events:record", event_id=event_id)
    driver = None if event.driver_id is None else session.get(Driver, event.driver_id)
    if driver is None:
        raise Conflict(f"Event {event_id} is no driver's, so there is nothing to dispute. Correct or withdraw it.")
    return _open(session, actor, at, event, driver, ground, words, uploads)


@needs("events:dispute_own")
def take_back_dispute(session: Writer, *, actor: Actor, at: datetime, dispute_id: int) -> None:
    """The driver disputes it no more."""
    dispute = session.get(Dispute, dispute_id)
    driver = session.scalars(sa.select(Driver).where(Driver.user_id == actor.id)).one_or_none()
    if dispute is None or driver is None or dispute.driver_id != driver.id:
        raise NotFound(f"There is no dispute {dispute_id} of yours.")
    event, dispute = _hold(session, dispute)
    state = DisputeState.TAKEN_BACK
    touch(event, at)
    end_dispute(session, actor=actor, at=at, event=event, dispute=dispute, state=state, effect=None)
    _note(session, actor, at, dispute, "events.dispute_taken_back")


@needs("events:decide")
def review_dispute(session: Writer, *, actor: Actor, at: datetime, dispute_id: int) -> None:
    """Say that somebody looks into it, which its driver sees."""
    _, dispute = _find(session, actor, dispute_id)
    if dispute.state is not DisputeState.OPEN:
        raise Conflict(f"Dispute {dispute_id} is {dispute.state.replace('_', ' ')} already.")
    dispute.state = DisputeState.UNDER_REVIEW
    keep_step(session, actor=actor, at=at, dispute=dispute)
    _note(session, actor, at, dispute, "events.dispute_reviewed")


@needs("events:decide")
def decide_dispute(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    dispute_id: int,
    effect: DisputeEffect,
    reasons: str,
    charge_minor: int | None = None,
) -> int:
    """Decide a dispute, with reasons that its driver reads; what is charged becomes what the effect says.

    Returns the id of the event.

    Raises Forbidden for who opened the dispute or had a hand in the record, Invalid for a reduction that is none.
    """
    event, dispute = _find(session, actor, dispute_id)
    if not rules.may_decide((actor.kind, actor.id), involved=_list_involved(session, dispute)):
        raise Forbidden(
            "Somebody else has to decide this: a person who has neither opened the dispute nor recorded, corrected or "
            "assigned the event."
        )
    text = _words(reasons, "reasons")
    try:
        charge = rules.charge_after(
            effect, amount_minor=event.amount_minor, charge_minor=event.charge_minor, reduced_to=charge_minor
        )
    except ValueError as problem:
        raise Invalid("The dispute was not decided.", fields={"charge_minor": str(problem)}) from problem
    key_id = _key(session, dispute.driver_id)
    dispute.reasons_sealed = vault.seal_text(session, key_id=key_id, field=DISPUTE_REASONS, text=text)
    dispute.charge_minor = event.charge_minor = charge
    touch(event, at)
    state = rules.STATE_OF[effect]
    end_dispute(session, actor=actor, at=at, event=event, dispute=dispute, state=state, effect=effect)
    _note(session, actor, at, dispute, "events.dispute_decided", effect=effect)
    return event.id


def _open(
    session: Writer,
    actor: Actor,
    at: datetime,
    event: LoggedEvent,
    driver: Driver,
    ground: DisputeGround,
    words: str,
    uploads: Sequence[Upload],
) -> int:
    text = _words(words, "words")
    if len(uploads) > rules.MOST_FILES:
        raise Invalid("The dispute was not taken.", fields={"files": f"At most {rules.MOST_FILES} files."})
    obstacle = rules.find_obstacle(
        at=at,
        known_since=_known_since(session, event),
        is_withdrawn=event.withdrawn_at is not None,
        is_open=event.is_frozen,
        is_office=actor.id != driver.user_id or actor.kind != "user",
    )
    if obstacle is not None:
        raise Conflict(obstacle, event_id=event.id)
    dispute = Dispute(
        event_id=event.id,
        driver_id=driver.id,
        ground=ground,
        words_sealed=vault.seal_text(session, key_id=driver.key_id, field=DISPUTE_WORDS, text=text),
        state=DisputeState.OPEN,
        opened_at=at,
        opened_by_kind=actor.kind,
        opened_by_id=actor.id,
        due_at=at + rules.DECIDED_WITHIN,
    )
    session.add(dispute)
    event.is_frozen = True
    touch(event, at)
    keep_step(session, actor=actor, at=at, dispute=dispute)
    for upload in uploads:
        file_id = _keep_file(session, actor, at, driver.key_id, upload)
        session.add(DisputeFile(file_id=file_id, dispute_id=dispute.id))
    _note(session, actor, at, dispute, "events.dispute_opened", ground=ground)
    outbox.publish(session, "events.dispute_opened", at=at, **ids_of(event), dispute_id=dispute.id, driver_id=driver.id)
    return dispute.id


def _keep_file(session: Writer, actor: Actor, at: datetime, key_id: int, upload: Upload) -> uuid.UUID:
    return files.keep_file(
        session,
        actor=actor,
        at=at,
        key_id=key_id,
        purpose="events.dispute",
        name=upload.name,
        content=upload.content,
    )


def _known_since(session: Writer, event: LoggedEvent) -> datetime:
    """Since when the event is this driver's: when it was last found to be."""
    newest = sa.select(sa.func.max(EventMatch.at)).where(
        EventMatch.event_id == event.id, EventMatch.driver_id == event.driver_id
    )
    return session.execute(newest).scalar_one() or event.recorded_at


def _find(session: Writer, actor: Actor, dispute_id: int) -> tuple[LoggedEvent, Dispute]:
    """An open dispute in the actor's parks and its event, both held."""
    dispute = session.get(Dispute, dispute_id)
    event = None if dispute is None else session.get(LoggedEvent, dispute.event_id)
    if dispute is None or event is None or not actor.sees_park(event.park_id):
        raise NotFound(f"There is no dispute {dispute_id}.")
    actor.require("events:decide", park_id=event.park_id, vehicle_id=event.vehicle_id)
    return _hold(session, dispute)


def _hold(session: Writer, dispute: Dispute) -> tuple[LoggedEvent, Dispute]:
    event = session.get_one(LoggedEvent, dispute.event_id, with_for_update=True, populate_existing=True)
    session.refresh(dispute)
    if not dispute.state.is_open:
        raise Conflict(f"Dispute {dispute.id} has ended: {dispute.state.replace('_', ' ')}.")
    return event, dispute


def _list_involved(session: Writer, dispute: Dispute) -> set[tuple[str, int | None]]:
    """Who opened the dispute, who wrote versions of the event, who decided whose it is."""
    involved = {(dispute.opened_by_kind, dispute.opened_by_id)}
    for table in (EventRecord, EventMatch):
        query = sa.select(table.actor_kind, table.actor_id).where(table.event_id == dispute.event_id)
        involved |= {(row[0], row[1]) for row in session.execute(query)}
    return involved


def _key(session: Writer, driver_id: int) -> int:
    return session.execute(sa.select(Driver.key_id).where(Driver.id == driver_id)).scalar_one()


def _words(text: str, field: str) -> str:
    cleaned = text.replace("\0", "").strip()
    if not 3 <= len(cleaned) <= MOST_WORDS:
        raise Invalid("That was not taken.", fields={field: f"Say why, in 3 to {MOST_WORDS:,} characters."})
    return cleaned


def _note(session: Writer, actor: Actor, at: datetime, dispute: Dispute, action: str, **detail: str) -> None:
    audit.record(
        session,
        actor=actor,
        at=at,
        action=action,
        subject=("event", dispute.event_id),
        dispute_id=dispute.id,
        driver_id=dispute.driver_id,
        **detail,
    )
