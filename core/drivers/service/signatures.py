"""Signing a handover, by the driver and by the office; with the second signature it counts."""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa

from core import outbox, vault
from core.db import Writer
from core.drivers.models import (
    Assignment,
    ChangeReason,
    Damage,
    Driver,
    Handover,
    HandoverKind,
    HandoverPhoto,
    HandoverSignature,
    Party,
)
from core.drivers.queries.handovers import STROKES, read_content
from core.drivers.rules.assignments import AssignmentState
from core.drivers.rules.handovers import find_stroke_problem, hash_content, list_missing
from core.drivers.schemas.handovers import Signature
from core.drivers.service.assignment_places import end_now, state_of
from core.drivers.service.handover_drafts import get_handover, list_signatures, record_handover
from core.errors import Conflict, Forbidden, Invalid
from core.permissions import Actor, needs


@needs("drivers:hand_over")
def sign_handover(session: Writer, *, actor: Actor, at: datetime, handover_id: int, signature: Signature) -> bool:
    """Sign for one's own side; says whether it is complete now.

    With both signatures it is never changed again: its mileage is told, new damage is told, and one that gives the
    vehicle back ends the assignment. Raises Conflict for what is incomplete, signed already, or no longer what the
    signer has seen; Invalid for what is no signature.
    """
    handover, party = get_handover(session, actor=actor, handover_id=handover_id)
    signed = list_signatures(session, handover_id)
    _check_open(session, handover, signed, party)
    content_hash = hash_content(read_content(session.connection(), handover_id))
    if signature.content_hash != content_hash.hex():
        raise Conflict("Somebody has changed this handover since you read it. Read it again, then sign.")
    session.add(
        HandoverSignature(
            handover_id=handover_id,
            party=party,
            signer_id=actor.id,
            at=at,
            strokes_sealed=_seal_strokes(session, handover, party, signature),
            content_hash=content_hash,
        )
    )
    session.flush()
    record_handover(session, "drivers.handover_signed_by_one", handover, actor=actor, at=at, party=party)
    if {*(one.party for one in signed), party} != set(Party):
        return False
    _complete(session, handover, content_hash, actor=actor, at=at)
    return True


@needs("drivers:hand_over")
def reopen_handover(session: Writer, *, actor: Actor, at: datetime, handover_id: int) -> None:
    """Open one again that only the driver has signed: their signature falls. For the office.

    Raises Conflict once both have signed.
    """
    handover, party = get_handover(session, actor=actor, handover_id=handover_id)
    if party is not Party.OFFICE:
        raise Forbidden("Only the office opens a handover again. Ask it to.", permission="drivers:hand_over")
    if handover.signed_at is not None:
        raise Conflict("Both have signed this handover: it is never changed.", handover_id=handover_id)
    for one in list_signatures(session, handover_id):
        session.delete(one)
    record_handover(session, "drivers.handover_reopened", handover, actor=actor, at=at)


def _check_open(session: Writer, handover: Handover, signed: list[HandoverSignature], party: Party) -> None:
    if handover.signed_at is not None:
        raise Conflict("Both have signed this handover already.", handover_id=handover.id)
    if party in {one.party for one in signed}:
        raise Conflict("Your side has signed already. The other side signs next.", handover_id=handover.id)
    views = session.scalars(sa.select(HandoverPhoto.view).where(HandoverPhoto.handover_id == handover.id)).all()
    missing = list_missing(odometer_m=handover.odometer_m, fuel_pct=handover.fuel_pct, views=views)
    if missing:
        raise Conflict(f"Before anybody signs, add {', '.join(missing)}.", handover_id=handover.id, missing=missing)


def _seal_strokes(session: Writer, handover: Handover, party: Party, signature: Signature) -> bytes | None:
    if signature.declared:
        return None
    if problem := find_stroke_problem(signature.strokes):
        raise Invalid("The handover was not signed.", fields={"strokes": problem})
    key_id = session.get_one(Driver, handover.driver_id).key_id if party is Party.DRIVER else handover.key_id
    text = json.dumps(signature.strokes, separators=(",", ":"))
    return vault.seal_text(session, key_id=key_id, field=STROKES, text=text)


def _complete(session: Writer, handover: Handover, content_hash: bytes, *, actor: Actor, at: datetime) -> None:
    handover.signed_at, handover.content_hash = at, content_hash
    session.flush()
    ids = {
        "vehicle_id": handover.vehicle_id,
        "driver_id": handover.driver_id,
        "assignment_id": handover.assignment_id,
        "handover_id": handover.id,
    }
    found = list(session.scalars(sa.select(Damage.id).where(Damage.handover_id == handover.id).order_by(Damage.id)))
    record_handover(
        session, "drivers.handover_signed", handover, actor=actor, at=at, hash=content_hash.hex(), damages=found
    )
    outbox.publish(session, "drivers.handover_signed", at=at, **ids)
    if found:
        outbox.publish(session, "drivers.damage_found", at=at, **ids, damage_ids=found)
    if handover.kind is HandoverKind.RETURNING:
        assignment = session.get_one(Assignment, handover.assignment_id, with_for_update=True)
        if state_of(assignment, at=at) is AssignmentState.BEGUN:
            end_now(session, assignment, actor=actor, at=at, reason=ChangeReason.HANDED_BACK)
