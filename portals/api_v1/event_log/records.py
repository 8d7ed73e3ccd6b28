"""Telling of events: recorded, corrected, withdrawn, and whose they are."""

from __future__ import annotations

import msgspec
from flask import Response, url_for

from core.events import queries, service
from core.events.schemas import Correction, EventSource, NewRecord, Withdrawal
from portals.api_v1 import bp
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.api_v1.event_log.shapes import EventDriver, FullEvent, show_full
from portals.doors import actor, at, write

FINE = {
    "kind": "fine",
    "vehicle_id": 7,
    "happened_at": "2026-11-20T16:05:00Z",
    "issuer": "City of Oakland",
    "number": "OAK-118834",
    "offence": "speeding",
    "amount_minor": 23800,
    "currency": "USD",
}


@bp.post("/event_log")
@operation(body=NewRecord, answers={201: FullEvent, 200: FullEvent}, refuses=(404, 409), keyed=True, example=FINE)
def record_event(body: NewRecord) -> Answer | Response:
    """Tell of an incident, a fine, a repair or a violation. Whose it is follows from who had the vehicle.

    What is in the log already is answered with 200, as it stands, whatever key it was told with; 409 names the event
    when it was told differently.
    """
    told = service.record_event(write(), actor=actor(), at=at(), new=body, source=EventSource.API)
    answer = show_written(told.event_id, location=url_for("api_v1.get_logged_event", event_id=told.event_id))
    if told.is_new:
        return answer
    headers = {name: value for name, value in answer.headers.items() if name != "Location"}
    return Response(msgspec.json.encode(answer.body), 200, headers=headers, mimetype="application/json")


@bp.post("/event_log/<int:event_id>/corrections")
@operation(
    body=Correction,
    answers={200: FullEvent},
    refuses=(409,),
    keyed=True,
    conditional=True,
    example={"reason": "typing_error", "record": {**FINE, "amount_minor": 2380}},
)
def correct_event(event_id: int, body: Correction) -> Answer:
    """Tell what an event really was: all of it anew. What was told before stays readable."""
    service.correct_event(
        write(),
        actor=actor(),
        at=at(),
        event_id=event_id,
        correction=body,
        source=EventSource.API,
        versions=wanted_versions(),
    )
    return show_written(event_id)


@bp.put("/event_log/<int:event_id>/withdrawal")
@operation(
    body=Withdrawal,
    answers={200: FullEvent},
    refuses=(409,),
    conditional=True,
    example={"reason": "withdrawn_by_issuer"},
)
def withdraw_event(event_id: int, body: Withdrawal) -> Answer:
    """Let an event count no more. It stays in the log; an open dispute of it is thereby won."""
    service.withdraw_event(
        write(),
        actor=actor(),
        at=at(),
        event_id=event_id,
        reason=body.reason,
        source=EventSource.API,
        versions=wanted_versions(),
    )
    return show_written(event_id)


@bp.put("/event_log/<int:event_id>/driver")
@operation(body=EventDriver, answers={200: FullEvent}, refuses=(409,), example={"driver_id": 12})
def decide_event_driver(event_id: int, body: EventDriver) -> Answer:
    """Say whose an event is; it stays so, whatever becomes of assignments."""
    service.decide_driver(write(), actor=actor(), at=at(), event_id=event_id, driver_id=body.driver_id)
    return show_written(event_id)


def show_written(event_id: int, *, location: str | None = None) -> Answer:
    """As it stands in this transaction, to whoever may write it but perhaps not read."""
    session = write()
    session.flush()
    found = queries.get_event(session.connection(), viewer=service.LOG_READER, event_id=event_id)
    return show_record(show_full(found), found.line.version, location=location)
