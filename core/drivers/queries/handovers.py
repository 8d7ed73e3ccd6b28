"""Inspections at the taking and giving back of vehicles: drafts, what was signed, and the damage a vehicle has."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import (
    Damage,
    Driver,
    Handover,
    HandoverKind,
    HandoverPhoto,
    HandoverSignature,
    Party,
    PhotoView,
)
from core.drivers.queries.damages import DamageMark, is_signed, list_marks
from core.drivers.rules.handovers import hash_content, list_missing
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park, Vehicle, VehicleClass

NOTE = "drivers.handover_note"
STROKES = "drivers.signature"


@dataclass(frozen=True, slots=True)
class HandoverLine:
    """A handover as a list shows it. `signed_by` are the sides that have signed."""

    id: int
    assignment_id: int
    kind: HandoverKind
    vehicle_id: int
    vehicle: str
    plate: str | None
    vehicle_class: VehicleClass
    park_id: int
    time_zone: str
    driver_id: int
    begun_at: datetime
    odometer_m: int | None
    fuel_pct: int | None
    signed_at: datetime | None
    signed_by: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class SignatureRecord:
    """Who signed for which side, and when. `strokes` in thousandths of the field; None when erased, or declared."""

    party: Party
    signer_id: int
    at: datetime
    strokes: list[list[tuple[int, int]]] | None
    is_of_this: bool


@dataclass(frozen=True, slots=True)
class HandoverRecord:
    """Everything about one handover. `content_hash` is of what it holds now; `is_intact` None until both have signed.

    `earlier` is the damage that the vehicle had before, `found` what is new in this one.
    """

    line: HandoverLine
    note: str
    photos: dict[PhotoView, uuid.UUID]
    earlier: list[DamageMark]
    found: list[DamageMark]
    signatures: list[SignatureRecord]
    missing: list[str]
    content_hash: str
    is_intact: bool | None


_LINE = (
    sa.select(
        Handover.id,
        Handover.assignment_id,
        Handover.kind,
        Handover.vehicle_id,
        Vehicle.name,
        Vehicle.plate,
        Vehicle.vehicle_class,
        Vehicle.park_id,
        Park.time_zone,
        Handover.driver_id,
        Handover.begun_at,
        Handover.odometer_m,
        Handover.fuel_pct,
        Handover.signed_at,
    )
    .join(Vehicle, Vehicle.id == Handover.vehicle_id)
    .join(Park, Park.id == Vehicle.park_id)
)


def get_handover(reader: Reader, *, viewer: Actor, handover_id: int) -> HandoverRecord:
    """One handover of a vehicle in sight (drivers:read), or of the viewer's own (drivers:read_own). Or NotFound."""
    if not viewer.may("drivers:read_own"):
        viewer.require("drivers:read")
    row = reader.execute(_LINE.where(Handover.id == handover_id, _visible(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"There is no handover {handover_id}.")
    return _read_whole(reader, _with_signers(reader, [row])[0])


def list_handovers(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int | None = None,
    assignment_ids: Iterable[int] | None = None,
    is_open: bool | None = None,
    before_id: int | None = None,
    most: int = 50,
) -> list[HandoverLine]:
    """The newest handovers that the viewer may see, newest first: of a vehicle, of assignments, open or signed."""
    query = _LINE.where(_visible(viewer)).order_by(Handover.id.desc()).limit(most)
    if vehicle_id is not None:
        query = query.where(Handover.vehicle_id == vehicle_id)
    if before_id is not None:
        query = query.where(Handover.id < before_id)
    if assignment_ids is not None:
        query = query.where(Handover.assignment_id.in_(list(assignment_ids)))
    if is_open is not None:
        query = query.where(Handover.signed_at.is_(None) if is_open else Handover.signed_at.is_not(None))
    return _with_signers(reader, reader.execute(query).all())


def find_photo(reader: Reader, *, viewer: Actor, handover_id: int, file_id: uuid.UUID) -> uuid.UUID:
    """The id of a photo, when it is one of this handover, or of damage the vehicle had then, that the viewer may see.

    Raises NotFound otherwise.
    """
    record = get_handover(reader, viewer=viewer, handover_id=handover_id)
    known = {*record.photos.values(), *(mark.file_id for mark in (*record.earlier, *record.found))}
    if file_id not in known:
        raise NotFound("There is no such photo.")
    return file_id


def read_content(reader: Reader, handover_id: int) -> dict[str, Any]:
    """All that is signed of a handover, by ids and numbers. The note is in it by its blind hash."""
    row = reader.execute(sa.select(Handover.__table__).where(Handover.id == handover_id)).one()
    photos = reader.execute(
        sa.select(HandoverPhoto.view, HandoverPhoto.file_id)
        .where(HandoverPhoto.handover_id == handover_id)
        .order_by(HandoverPhoto.view)
    )
    damages = reader.execute(
        sa.select(Damage.id, Damage.x, Damage.y, Damage.kind, Damage.severity, Damage.file_id)
        .where(Damage.handover_id == handover_id)
        .order_by(Damage.id)
    )
    return {
        "form": 1,
        "handover": handover_id,
        "assignment": row.assignment_id,
        "kind": row.kind,
        "vehicle": row.vehicle_id,
        "driver": row.driver_id,
        "odometer_m": row.odometer_m,
        "fuel_pct": row.fuel_pct,
        "note": row.note_blind.hex() if row.note_blind else None,
        "photos": [{"view": photo.view, "file": str(photo.file_id)} for photo in photos],
        "damages": [
            {
                "id": one.id,
                "x": one.x,
                "y": one.y,
                "kind": one.kind,
                "severity": one.severity,
                "file": str(one.file_id) if one.file_id else None,
            }
            for one in damages
        ],
    }


def _read_whole(reader: Reader, line: HandoverLine) -> HandoverRecord:
    row = reader.execute(sa.select(Handover.note_sealed, Handover.content_hash).where(Handover.id == line.id)).one()
    photos = reader.execute(
        sa.select(HandoverPhoto.view, HandoverPhoto.file_id).where(HandoverPhoto.handover_id == line.id)
    )
    views = {photo.view: photo.file_id for photo in photos}
    marks = list_marks(
        reader,
        line.vehicle_class,
        Damage.vehicle_id == line.vehicle_id,
        Damage.handover_id < line.id,
        sa.or_(Damage.mended_at.is_(None), Damage.mended_at > line.begun_at),
        is_signed(),
    )
    content_hash = hash_content(read_content(reader, line.id))
    return HandoverRecord(
        line=line,
        note=vault.open_text(reader, row.note_sealed, field=NOTE) or "",
        photos=views,
        earlier=marks,
        found=list_marks(reader, line.vehicle_class, Damage.handover_id == line.id),
        signatures=_list_signatures(reader, line.id, content_hash),
        missing=list_missing(odometer_m=line.odometer_m, fuel_pct=line.fuel_pct, views=views),
        content_hash=content_hash.hex(),
        is_intact=None if row.content_hash is None else row.content_hash == content_hash,
    )


def _list_signatures(reader: Reader, handover_id: int, content_hash: bytes) -> list[SignatureRecord]:
    table = HandoverSignature.__table__.c
    rows = reader.execute(
        sa.select(*table).where(table.handover_id == handover_id).order_by(table.at, table.party)
    ).all()
    drawn = vault.open_texts(reader, [row.strokes_sealed for row in rows], field=STROKES)
    return [
        SignatureRecord(
            party=row.party,
            signer_id=row.signer_id,
            at=row.at,
            strokes=json.loads(text) if text else None,
            is_of_this=row.content_hash == content_hash,
        )
        for row, text in zip(rows, drawn, strict=True)
    ]


def _with_signers(reader: Reader, rows: Iterable[Any]) -> list[HandoverLine]:
    lines = [tuple(row) for row in rows]
    table = HandoverSignature.__table__.c
    query = sa.select(table.handover_id, table.party).where(table.handover_id.in_([line[0] for line in lines]))
    signers: dict[int, list[Party]] = {}
    for signer in reader.execute(query.order_by(table.party)):
        signers.setdefault(signer.handover_id, []).append(signer.party)
    return [replace(HandoverLine(*line), signed_by=tuple(signers.get(line[0], ()))) for line in lines]


def _visible(viewer: Actor) -> sa.ColumnElement[bool]:
    """Of the parks in sight, or one's own as a driver. Raises Forbidden for whoever may read neither."""
    if viewer.may("drivers:read"):
        return in_reach(viewer, "drivers:read", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)
    viewer.require("drivers:read_own")
    own = sa.select(Driver.id).where(Driver.user_id == viewer.id)
    return Handover.driver_id.in_(own)
