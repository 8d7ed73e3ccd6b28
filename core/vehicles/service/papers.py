"""Documents and photos of vehicles. Files are sealed under the key of their vehicle, which is made with the first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core import audit, outbox, vault
from core.db import Writer
from core.errors import Conflict, Invalid, NotFound
from core.files import service as files
from core.permissions import Actor, needs, system
from core.vehicles import queries
from core.vehicles.models import DocumentPage, Vehicle, VehicleDocument, VehiclePhoto
from core.vehicles.schemas import DOCUMENT_KINDS, NewDocument, Upload

MOST_PAGES = 10
MOST_PHOTOS = 30
# Who may change the record may hand in its files.
_KEEPER = system("vehicle files", "files:keep")


@needs("vehicles:change")
def add_document(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, new: NewDocument, pages: Sequence[Upload]
) -> int:
    """Add a document; returns its id. From then on it is the one of its kind that counts.

    Raises Invalid for dates in the wrong order, no page or too many, and what is no photo or PDF.
    """
    vehicle = _lock_vehicle(session, actor, vehicle_id)
    if new.valid_from and new.valid_until and new.valid_until < new.valid_from:
        words = "The last day is before the first."
        raise Invalid("The document was not added.", fields={"valid_until": words})
    if not 1 <= len(pages) <= MOST_PAGES:
        words = f"Add a photo of each page, or a PDF: 1 to {MOST_PAGES} files."
        raise Invalid("The document was not added.", fields={"file": words})
    document = VehicleDocument(
        vehicle_id=vehicle_id,
        kind=new.kind,
        number=new.number,
        issuer=new.issuer,
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        added_at=at,
        added_by=actor.name,
    )
    session.add(document)
    session.flush()
    for number, page in enumerate(pages, start=1):
        file_id = _keep(session, vehicle, at=at, purpose="vehicles.document", upload=page)
        session.add(DocumentPage(document_id=document.id, number=number, file_id=file_id))
    _tell(session, actor, at, "vehicles.document_added", vehicle_id, document_id=document.id, kind=new.kind)
    outbox.publish(session, "vehicles.document_added", at=at, vehicle_id=vehicle_id, document_id=document.id)
    return document.id


@needs("vehicles:change")
def withdraw_document(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, document_id: int, why: str
) -> None:
    """Take back a document that was added by mistake: the one before it counts again. It stays, with why.

    Raises NotFound, Conflict when it is withdrawn already, Invalid without a reason.
    """
    _lock_vehicle(session, actor, vehicle_id)
    document = session.get(VehicleDocument, document_id)
    if document is None or document.vehicle_id != vehicle_id:
        raise NotFound(f"There is no document {document_id} of vehicle {vehicle_id}.")
    if document.withdrawn_at is not None:
        raise Conflict(f"{DOCUMENT_KINDS[document.kind]} was withdrawn already.")
    if not 3 <= len(why.strip()) <= 500:
        raise Invalid("The document was not withdrawn.", fields={"why": "Say why, in 3 to 500 characters."})
    document.withdrawn_at, document.withdrawn_by, document.withdrawn_why = at, actor.name, why.strip()
    _tell(session, actor, at, "vehicles.document_withdrawn", vehicle_id, document_id=document_id, why=why.strip())
    outbox.publish(session, "vehicles.document_withdrawn", at=at, vehicle_id=vehicle_id, document_id=document_id)


@needs("vehicles:change")
def add_photo(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, photo: Upload) -> int:
    """Add a photo after those that are there; returns its id. Raises Invalid for what is no photo, and too many."""
    vehicle = _lock_vehicle(session, actor, vehicle_id)
    last, count = session.execute(
        sa.select(sa.func.coalesce(sa.func.max(VehiclePhoto.position), 0), sa.func.count()).where(_shown(vehicle_id))
    ).one()
    if count >= MOST_PHOTOS:
        words = f"There are {MOST_PHOTOS} photos, and that is the most. Remove one first."
        raise Invalid("The photo was not added.", fields={"photo": words})
    if photo.content[:1024].find(b"%PDF-") >= 0:
        raise Invalid("The photo was not added.", fields={"photo": "This is a PDF. Add it as a document."})
    added = VehiclePhoto(
        vehicle_id=vehicle_id,
        file_id=_keep(session, vehicle, at=at, purpose="vehicles.photo", upload=photo),
        position=last + 1,
        added_at=at,
        added_by=actor.name,
    )
    session.add(added)
    session.flush()
    _tell_of_photo(session, actor, at, "vehicles.photo_added", added)
    return added.id


@needs("vehicles:change")
def put_photo_first(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, photo_id: int) -> None:
    """Let this photo be the one by which the vehicle is known. Raises NotFound."""
    photo = _get_photo(session, actor, vehicle_id, photo_id)
    lowest = session.scalar(sa.select(sa.func.min(VehiclePhoto.position)).where(_shown(vehicle_id))) or 0
    if photo.position > lowest:
        photo.position = lowest - 1
        _tell_of_photo(session, actor, at, "vehicles.photo_put_first", photo)


@needs("vehicles:change")
def remove_photo(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, photo_id: int) -> None:
    """Show a photo no longer. Raises NotFound."""
    photo = _get_photo(session, actor, vehicle_id, photo_id)
    photo.removed_at, photo.removed_by = at, actor.name
    _tell_of_photo(session, actor, at, "vehicles.photo_removed", photo)


def _get_photo(session: Writer, actor: Actor, vehicle_id: int, photo_id: int) -> VehiclePhoto:
    _lock_vehicle(session, actor, vehicle_id)
    photo = session.get(VehiclePhoto, photo_id)
    if photo is None or photo.vehicle_id != vehicle_id or photo.removed_at is not None:
        raise NotFound(f"There is no photo {photo_id} of vehicle {vehicle_id}.")
    return photo


def _shown(vehicle_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(VehiclePhoto.vehicle_id == vehicle_id, VehiclePhoto.removed_at.is_(None))


def _lock_vehicle(session: Writer, actor: Actor, vehicle_id: int) -> Vehicle:
    """The vehicle, so that what is added to it by others at the same time comes after."""
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:change", vehicle_id=vehicle_id)
    return session.get_one(Vehicle, vehicle_id, with_for_update=True)


def _keep(session: Writer, vehicle: Vehicle, *, at: datetime, purpose: str, upload: Upload) -> uuid.UUID:
    if vehicle.key_id is None:
        vehicle.key_id = vault.make_key(session, at=at)
        session.flush()
    return files.keep_file(
        session,
        actor=_KEEPER,
        at=at,
        key_id=vehicle.key_id,
        purpose=purpose,
        name=upload.name,
        content=upload.content,
    )


def _tell(session: Writer, actor: Actor, at: datetime, action: str, vehicle_id: int, **detail: object) -> None:
    audit.record(session, actor=actor, at=at, action=action, subject=("vehicle", vehicle_id), **detail)


def _tell_of_photo(session: Writer, actor: Actor, at: datetime, action: str, photo: VehiclePhoto) -> None:
    _tell(session, actor, at, action, photo.vehicle_id, photo_id=photo.id)
    outbox.publish(session, "vehicles.photos_changed", at=at, vehicle_id=photo.vehicle_id)
