"""What the verbs about handovers share: who may work on one, what was signed, and that a draft is still one."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.drivers.models import (
    Assignment,
    Driver,
    Handover,
    HandoverSignature,
    Party,
)
from core.errors import Conflict, NotFound
from core.permissions import Actor
from core.vehicles.models import Vehicle

HAND_OVER = "drivers:hand_over"


def find_party(session: Writer, *, actor: Actor, driver_id: int, vehicle_id: int) -> Party | None:
    """Which side the actor is on: the driver's of their own vehicle, the office's in their parks; None for a stranger.

    Who drives it never signs for the office.
    """
    driver = session.get_one(Driver, driver_id)
    if actor.kind == "user" and driver.user_id == actor.id:
        return Party.DRIVER
    park_id = session.scalar(sa.select(Vehicle.park_id).where(Vehicle.id == vehicle_id))
    assert park_id is not None
    # Drivers may hand over too, but only what is theirs: the office is who may read of others.
    rights = (HAND_OVER, "drivers:read")
    is_office = all(actor.may(right, park_id=park_id, vehicle_id=vehicle_id) for right in rights)
    return Party.OFFICE if is_office else None


def get_assignment_to_hand_over(session: Writer, *, actor: Actor, assignment_id: int) -> Assignment:
    """The assignment, locked. NotFound for whoever is on neither side of it."""
    found = session.get(Assignment, assignment_id, with_for_update=True)
    if found is None or not find_party(session, actor=actor, driver_id=found.driver_id, vehicle_id=found.vehicle_id):
        raise NotFound(f"There is no assignment {assignment_id}.")
    return found


def get_handover(session: Writer, *, actor: Actor, handover_id: int) -> tuple[Handover, Party]:
    """The handover, locked, and the side of the actor. NotFound for whoever is on neither."""
    found = session.get(Handover, handover_id, with_for_update=True)
    party = None
    if found is not None:
        party = find_party(session, actor=actor, driver_id=found.driver_id, vehicle_id=found.vehicle_id)
    if found is None or party is None:
        raise NotFound(f"There is no handover {handover_id}.")
    return found, party


def get_draft(session: Writer, *, actor: Actor, handover_id: int) -> Handover:
    """A handover that nobody has signed yet. Raises Conflict once somebody has."""
    handover, _ = get_handover(session, actor=actor, handover_id=handover_id)
    if handover.signed_at is not None:
        raise Conflict("Both have signed this handover: it is never changed.", handover_id=handover_id)
    if list_signatures(session, handover_id):
        raise Conflict(
            "Somebody has signed this already, so it stays as it is. The office can open it again.",
            handover_id=handover_id,
        )
    return handover


def list_signatures(session: Writer, handover_id: int) -> list[HandoverSignature]:
    """Who has signed so far."""
    query = sa.select(HandoverSignature).where(HandoverSignature.handover_id == handover_id)
    return list(session.scalars(query.order_by(HandoverSignature.at)))


def record_handover(
    session: Writer, action: str, handover: Handover, *, actor: Actor, at: datetime, **detail: object
) -> None:
    """Write what was done to a handover into the audit table."""
    audit.record(
        session,
        actor=actor,
        at=at,
        action=action,
        subject=("vehicle", handover.vehicle_id),
        driver_id=handover.driver_id,
        assignment_id=handover.assignment_id,
        handover_id=handover.id,
        **detail,
    )
