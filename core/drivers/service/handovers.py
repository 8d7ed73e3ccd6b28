"""Inspecting a vehicle when it is taken over and given back: what a draft collects until it is signed."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from core import vault
from core.db import Writer
from core.drivers.models import Damage, Driver, Handover, HandoverKind, HandoverPhoto, Party, PhotoView
from core.drivers.queries.handovers import NOTE
from core.drivers.rules.handovers import find_begin_problem
from core.drivers.schemas.handovers import HandoverReadings, NewDamage
from core.drivers.service.assignment_places import LOOKER, check_parties
from core.drivers.service.handover_drafts import (
    get_assignment_to_hand_over,
    get_draft,
    get_handover,
    record_handover,
)
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.files import service as files
from core.permissions import Actor, needs
from core.vehicles import queries as vehicles

PHOTO, DAMAGE_PHOTO = "drivers.handover_photo", "drivers.damage_photo"


@needs("drivers:hand_over")
def begin_handover(session: Writer, *, actor: Actor, at: datetime, assignment_id: int, kind: HandoverKind) -> int:
    """Begin the inspection at the taking or the giving back, or find the one that was begun; returns its id.

    Raises Conflict when it is too early or too late for it, and at a taking, with the way back, for a driver who may
    not drive or a vehicle that is not available; NotFound for whoever is on neither side.
    """
    assignment = get_assignment_to_hand_over(session, actor=actor, assignment_id=assignment_id)
    known = session.scalar(sa.select(Handover.id).where(Handover.assignment_id == assignment_id, Handover.kind == kind))
    if known is not None:
        return known
    during = assignment.during
    problem = find_begin_problem(
        kind,
        starts_at=during.lower,
        ends_at=during.upper,
        is_cancelled=assignment.cancelled_at is not None,
        at=at,
    )
    if problem:
        raise Conflict(f"The handover was not begun. {problem}", assignment_id=assignment_id)
    if kind is HandoverKind.TAKING:
        driver = session.get_one(Driver, assignment.driver_id)
        vehicle = vehicles.get_vehicle(session.connection(), viewer=LOOKER, vehicle_id=assignment.vehicle_id)
        check_parties(session, driver=driver, vehicle=vehicle)
    handover = Handover(
        assignment_id=assignment_id,
        kind=kind,
        vehicle_id=assignment.vehicle_id,
        driver_id=assignment.driver_id,
        key_id=vault.make_key(session, at=at),
        begun_at=at,
        begun_by_kind=actor.kind,
        begun_by_id=actor.id,
    )
    session.add(handover)
    session.flush()
    record_handover(session, "drivers.handover_begun", handover, actor=actor, at=at, kind=kind)
    return handover.id


@needs("drivers:hand_over")
def note_readings(session: Writer, *, actor: Actor, at: datetime, handover_id: int, readings: HandoverReadings) -> None:
    """Note the mileage, the fuel and what else was seen. What is noted anew replaces what was.

    Raises Invalid for a mileage below that at the taking.
    """
    handover = get_draft(session, actor=actor, handover_id=handover_id)
    if readings.odometer_m is not None and handover.kind is HandoverKind.RETURNING:
        taken = session.scalar(
            sa.select(Handover.odometer_m).where(
                Handover.assignment_id == handover.assignment_id, Handover.kind == HandoverKind.TAKING
            )
        )
        if taken is not None and readings.odometer_m < taken:
            words = f"At the taking it was {taken // 1000:,} km. Read the odometer again."
            raise Invalid("The readings were not noted.", fields={"odometer_km": words})
    handover.odometer_m, handover.fuel_pct = readings.odometer_m, readings.fuel_pct
    note = readings.note.strip()
    driver = session.get_one(Driver, handover.driver_id)
    handover.note_sealed = vault.seal_text(session, key_id=driver.key_id, field=NOTE, text=note) if note else None
    handover.note_blind = vault.blind(field=NOTE, text=note) if note else None


@needs("drivers:hand_over")
def add_photo(
    session: Writer, *, actor: Actor, at: datetime, handover_id: int, view: PhotoView, name: str, content: bytes
) -> uuid.UUID:
    """Keep a photo of one view; one taken before of the same view counts no more. Returns the id of its file."""
    handover = get_draft(session, actor=actor, handover_id=handover_id)
    file_id = files.keep_file(
        session, actor=actor, at=at, key_id=handover.key_id, purpose=PHOTO, name=name, content=content
    )
    session.merge(HandoverPhoto(handover_id=handover_id, view=view, file_id=file_id, at=at))
    return file_id


@needs("drivers:hand_over")
def mark_damage(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    handover_id: int,
    damage: NewDamage,
    photo: tuple[str, bytes] | None = None,
) -> int:
    """Mark new damage on the map, with a photo (name, content) if there is one; returns its id."""
    handover = get_draft(session, actor=actor, handover_id=handover_id)
    file_id = None
    if photo is not None:
        file_id = files.keep_file(
            session, actor=actor, at=at, key_id=handover.key_id, purpose=DAMAGE_PHOTO, name=photo[0], content=photo[1]
        )
    mark = Damage(
        vehicle_id=handover.vehicle_id,
        handover_id=handover_id,
        x=damage.x,
        y=damage.y,
        kind=damage.kind,
        severity=damage.severity,
        file_id=file_id,
        found_at=at,
    )
    session.add(mark)
    session.flush()
    return mark.id


@needs("drivers:hand_over")
def remove_damage(session: Writer, *, actor: Actor, at: datetime, handover_id: int, damage_id: int) -> None:
    """Take a mark of this draft off the map. One of an earlier handover stays: NotFound."""
    get_draft(session, actor=actor, handover_id=handover_id)
    mark = session.get(Damage, damage_id)
    if mark is None or mark.handover_id != handover_id:
        raise NotFound("There is no such mark in this handover.")
    session.delete(mark)


@needs("drivers:hand_over")
def mend_damage(session: Writer, *, actor: Actor, at: datetime, damage_id: int) -> None:
    """Note that damage was mended: it is no longer on the map of the vehicle. For the office; done twice, done once."""
    mark = session.get(Damage, damage_id, with_for_update=True)
    if mark is None:
        raise NotFound(f"There is no damage {damage_id}.")
    handover, party = get_handover(session, actor=actor, handover_id=mark.handover_id)
    if party is not Party.OFFICE:
        raise Forbidden("Only the office notes that damage was mended.", permission="drivers:hand_over")
    if mark.mended_at is None:
        mark.mended_at, mark.mended_by_id = at, actor.id
        record_handover(session, "drivers.damage_mended", handover, actor=actor, at=at, damage_id=damage_id)
