"""The file of an incident: what goes into it, and how it goes on."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Conflict, Invalid, NotFound
from core.events.models import (
    Incident,
    IncidentAct,
    IncidentCost,
    IncidentParty,
    IncidentPhoto,
    IncidentShare,
    IncidentState,
    IncidentStep,
    LoggedEvent,
)
from core.events.queries.incidents import read_file_state
from core.events.rules import incidents as rules
from core.events.rules.sealed_fields import CLAIM_NUMBER, PARTY, POLICE_NUMBER
from core.events.schemas import NewCost, NewParty, NewShares
from core.events.service.record_writing import ids_of, lock_event, refuse_withdrawn, touch
from core.files import service as files
from core.permissions import Actor, needs

_RIGHT = "events:record"


@needs("events:record")
def move_incident(session: Writer, *, actor: Actor, at: datetime, event_id: int, to: IncidentState) -> None:
    """Let an incident go on: under review, decided, closed, or back to review.

    Raises Conflict, in words, where the way does not lead there or the file lacks what that state needs.
    """
    event, incident = _find(session, actor, event_id)
    missing = rules.list_missing(read_file_state(session.connection(), event_id=event_id))
    if obstacle := rules.find_obstacle(incident.state, to, missing):
        raise Conflict(obstacle, event_id=event_id)
    before, incident.state = incident.state, to
    if to is IncidentState.DECIDED:
        incident.decided_at = at
    elif to is IncidentState.UNDER_REVIEW:
        incident.decided_at = None
    _note(session, actor, at, event, incident, IncidentAct.MOVED, state_before=before)


@needs("events:record")
def add_cost(session: Writer, *, actor: Actor, at: datetime, event_id: int, new: NewCost) -> int:
    """Add a line of what it costs; returns its id. All lines of a file are in one currency."""
    event, incident = _open(session, actor, event_id)
    other = sa.select(IncidentCost.currency).where(
        IncidentCost.event_id == event_id, IncidentCost.struck_at.is_(None), IncidentCost.currency != new.currency
    )
    if (currency := session.execute(other.limit(1)).scalar()) is not None:
        told = f"The other lines are in {currency}. Convert the amount."
        raise Invalid("The cost was not added.", fields={"currency": told})
    line = IncidentCost(event_id=event_id, added_at=at, **msgspec.structs.asdict(new))
    session.add(line)
    session.flush()
    _note(session, actor, at, event, incident, IncidentAct.COST_ADDED, cost_id=line.id, amount_minor=new.amount_minor)
    return line.id


@needs("events:record")
def strike_cost(session: Writer, *, actor: Actor, at: datetime, event_id: int, cost_id: int) -> None:
    """Let a line of the costs count no more; it stays in the file. Done twice, it is done once."""
    event, incident = _open(session, actor, event_id)
    line = session.get(IncidentCost, cost_id)
    if line is None or line.event_id != event_id:
        raise NotFound(f"There is no cost {cost_id} in this file.")
    if line.struck_at is None:
        line.struck_at = at
        _note(session, actor, at, event, incident, IncidentAct.COST_STRUCK, cost_id=cost_id)


@needs("events:record")
def set_shares(session: Writer, *, actor: Actor, at: datetime, event_id: int, new: NewShares) -> None:
    """Say who answers for it and for how much; what was said before counts no more, and stays in the history.

    Raises Invalid when the shares are more than the whole or a driver stands twice, NotFound for one out of sight.
    """
    event, incident = _open(session, actor, event_id)
    ids = [share.driver_id for share in new.shares]
    problem = rules.shares_problem([share.fault_pct for share in new.shares])
    if len(set(ids)) < len(ids):
        problem = "A driver stands twice."
    if problem:
        raise Invalid("The shares were not taken.", fields={"shares": problem})
    rows = session.execute(sa.select(Driver.id, Driver.park_id).where(Driver.id.in_(ids)))
    parks = {row.id: row.park_id for row in rows}
    for driver_id in ids:
        if driver_id not in parks or not actor.sees_park(parks[driver_id]):
            raise NotFound(f"There is no driver {driver_id}.")
    session.execute(sa.delete(IncidentShare).where(IncidentShare.event_id == event_id))
    session.add_all(
        IncidentShare(event_id=event_id, driver_id=share.driver_id, fault_pct=share.fault_pct) for share in new.shares
    )
    _note(session, actor, at, event, incident, IncidentAct.SHARES_SET, shares=msgspec.to_builtins(new.shares))


@needs("events:record")
def add_party(session: Writer, *, actor: Actor, at: datetime, event_id: int, new: NewParty) -> int:
    """Add a third party, sealed under the key of the file; returns its id."""
    event, incident = _open(session, actor, event_id)
    text = msgspec.json.encode(new).decode()
    sealed = vault.seal_text(session, key_id=incident.key_id, field=PARTY, text=text)
    party = IncidentParty(event_id=event_id, told_sealed=sealed, added_at=at)
    session.add(party)
    session.flush()
    _note(session, actor, at, event, incident, IncidentAct.PARTY_ADDED, party_id=party.id)
    return party.id


@needs("events:record")
def add_photo(session: Writer, *, actor: Actor, at: datetime, event_id: int, name: str, content: bytes) -> uuid.UUID:
    """Add a photo or a document; returns the id of the file. Invalid for what is no such file or too large."""
    event, incident = _open(session, actor, event_id)
    file_id = files.keep_file(
        session,
        actor=actor,
        at=at,
        key_id=incident.key_id,
        purpose="events.incident",
        name=name,
        content=content,
    )
    session.add(IncidentPhoto(file_id=file_id, event_id=event_id))
    _note(session, actor, at, event, incident, IncidentAct.PHOTO_ADDED, file_id=str(file_id))
    return file_id


@needs("events:record")
def set_references(
    session: Writer, *, actor: Actor, at: datetime, event_id: int, police_number: str, claim_number: str
) -> None:
    """Enter the numbers by which the police and the insurance know it; an empty one is not known."""
    event, incident = _open(session, actor, event_id)
    for name, field, text in (
        ("police_number_sealed", POLICE_NUMBER, police_number),
        ("claim_number_sealed", CLAIM_NUMBER, claim_number),
    ):
        cleaned = " ".join(text.replace("\0", "").split())[:60]
        sealed = vault.seal_text(session, key_id=incident.key_id, field=field, text=cleaned) if cleaned else None
        setattr(incident, name, sealed)
    _note(session, actor, at, event, incident, IncidentAct.REFERENCES_SET)


def _open(session: Writer, actor: Actor, event_id: int) -> tuple[LoggedEvent, Incident]:
    """As `_find`. Raises Conflict for a file that is closed."""
    event, incident = _find(session, actor, event_id)
    if incident.state is IncidentState.CLOSED:
        raise Conflict("The file of this incident is closed. Take it back to review before you change it.")
    return event, incident


def _find(session: Writer, actor: Actor, event_id: int) -> tuple[LoggedEvent, Incident]:
    """The event and its file, held by the event's row."""
    event = lock_event(session, actor=actor, permission=_RIGHT, event_id=event_id)
    refuse_withdrawn(event)
    incident = session.get(Incident, event_id, populate_existing=True)
    if incident is None:
        raise NotFound(f"Event {event_id} is a {event.kind} and has no file of an incident.")
    return event, incident


def _note(
    session: Writer,
    actor: Actor,
    at: datetime,
    event: LoggedEvent,
    incident: Incident,
    act: IncidentAct,
    **detail: Any,
) -> None:
    touch(event, at)
    session.flush()
    session.add(
        IncidentStep(
            event_id=event.id,
            act=act,
            state=incident.state,
            detail=detail,
            at=at,
            actor_kind=actor.kind,
            actor_id=actor.id,
        )
    )
    subject = ("event", event.id)
    audit.record(
        session, actor=actor, at=at, action=f"events.incident_{act}", subject=subject, state=incident.state, **detail
    )
    outbox.publish(session, "events.incident_changed", at=at, **ids_of(event))
