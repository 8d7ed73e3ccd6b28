"""Disputing events for their drivers, and deciding that."""

from __future__ import annotations

from core.events import service
from portals.api_v1 import bp
from portals.api_v1.contract import Answer, operation
from portals.api_v1.event_log.records import show_written
from portals.api_v1.event_log.shapes import Decision, FullEvent, NewDispute
from portals.doors import actor, at, write


@bp.post("/event_log/<int:event_id>/disputes")
@operation(
    body=NewDispute,
    answers={200: FullEvent},
    refuses=(409,),
    keyed=True,
    example={"ground": "not_me", "words": "The vehicle was in the workshop that day."},
)
def dispute_event(event_id: int, body: NewDispute) -> Answer:
    """Dispute an event for its driver: nothing may be deducted for it until somebody else has decided."""
    service.dispute_event(write(), actor=actor(), at=at(), event_id=event_id, ground=body.ground, words=body.words)
    return show_written(event_id)


@bp.put("/event_log/disputes/<int:dispute_id>/decision")
@operation(
    body=Decision,
    answers={200: FullEvent},
    refuses=(409,),
    example={"effect": "charge_dropped", "reasons": "The photo shows another vehicle."},
)
def decide_dispute(dispute_id: int, body: Decision) -> Answer:
    """Decide a dispute, by an app for a person. 403 for a program, and for who has a hand in it."""
    event_id = service.decide_dispute(
        write(),
        actor=actor(),
        at=at(),
        dispute_id=dispute_id,
        effect=body.effect,
        reasons=body.reasons,
        charge_minor=body.charge_minor,
    )
    return show_written(event_id)
