"""Reads of the documents and photos of vehicles."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.db import Reader
from core.errors import NotFound
from core.files import queries as files
from core.files.queries import FileLine, StoredFile
from core.permissions import Actor
from core.vehicles.models import DocumentKind, DocumentPage, Vehicle, VehicleDocument, VehiclePhoto
from core.vehicles.queries.records import get_vehicle, is_readable


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document of a vehicle with its pages. `is_current`: it is the one of its kind that counts."""

    id: int
    vehicle_id: int
    kind: DocumentKind
    number: str | None
    issuer: str | None
    valid_from: date | None
    valid_until: date | None
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_why: str | None
    is_current: bool
    pages: tuple[FileLine, ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """A photo of a vehicle, in its place."""

    id: int
    vehicle_id: int
    file_id: uuid.UUID
    added_at: datetime
    added_by: str


def newest_documents() -> sa.Subquery:
    """Of each vehicle and kind the document that counts: a part of queries."""
    newest = (
        sa.select(VehicleDocument.id, VehicleDocument.vehicle_id, VehicleDocument.kind, VehicleDocument.valid_until)
        .ext(postgresql.distinct_on(VehicleDocument.vehicle_id, VehicleDocument.kind))
        .where(VehicleDocument.withdrawn_at.is_(None))
        .order_by(VehicleDocument.vehicle_id, VehicleDocument.kind, VehicleDocument.id.desc())
    )
    return newest.subquery("newest_documents")


def list_documents(reader: Reader, *, viewer: Actor, vehicle_id: int) -> list[DocumentRecord]:
    """Every document of a vehicle with its pages, the newest first. Needs vehicles:read."""
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    names = DocumentRecord.__slots__[:-2]
    columns = [getattr(VehicleDocument, name) for name in names]
    pages = (
        sa.select(sa.func.array_agg(postgresql.aggregate_order_by(DocumentPage.file_id, DocumentPage.number)))
        .where(DocumentPage.document_id == VehicleDocument.id)
        .scalar_subquery()
    )
    rows = reader.execute(
        sa.select(*columns, pages.label("file_ids"))
        .where(VehicleDocument.vehicle_id == vehicle_id)
        .order_by(VehicleDocument.id.desc())
    ).all()
    lines = files.list_files(reader, file_ids=[file_id for row in rows for file_id in row.file_ids or ()])
    current: set[DocumentKind] = set()
    records = []
    for row in rows:
        is_current = row.withdrawn_at is None and row.kind not in current
        if is_current:
            current.add(row.kind)
        shown = tuple(lines[file_id] for file_id in row.file_ids or () if file_id in lines)
        values: dict[str, Any] = dict(zip(names, row, strict=False))
        records.append(DocumentRecord(**values, is_current=is_current, pages=shown))
    return records


def get_document_page(reader: Reader, *, viewer: Actor, vehicle_id: int, file_id: uuid.UUID) -> StoredFile:
    """A page of a document of the vehicle. Needs vehicles:read. Raises NotFound, Conflict while it is scanned."""
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    query = (
        sa.select(DocumentPage.file_id)
        .join(VehicleDocument, VehicleDocument.id == DocumentPage.document_id)
        .where(DocumentPage.file_id == file_id, VehicleDocument.vehicle_id == vehicle_id)
    )
    return _open(reader, query, vehicle_id)


def list_photos(reader: Reader, *, viewer: Actor, vehicle_id: int) -> list[PhotoRecord]:
    """The photos of a vehicle in their order; the first is the one it is known by. Needs vehicles:read."""
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    columns = [getattr(VehiclePhoto, name) for name in PhotoRecord.__slots__]
    query = (
        sa.select(*columns)
        .where(VehiclePhoto.vehicle_id == vehicle_id, VehiclePhoto.removed_at.is_(None))
        .order_by(VehiclePhoto.position)
    )
    return [PhotoRecord(*tuple(row)) for row in reader.execute(query)]


def get_photo(reader: Reader, *, viewer: Actor, vehicle_id: int, photo_id: int) -> StoredFile:
    """A photo of the vehicle. Needs vehicles:read. Raises NotFound, Conflict while it is scanned."""
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    query = sa.select(VehiclePhoto.file_id).where(
        VehiclePhoto.id == photo_id, VehiclePhoto.vehicle_id == vehicle_id, VehiclePhoto.removed_at.is_(None)
    )
    return _open(reader, query, vehicle_id)


def list_expiring_documents(
    reader: Reader, *, viewer: Actor, until: date, vehicle_ids: Iterable[int] | None = None
) -> list[tuple[int, int, DocumentKind, date]]:
    """The documents that count and end by a day: (vehicle, document, kind, last day), first to end first.

    Needs vehicles:read.
    """
    viewer.require("vehicles:read")
    newest = newest_documents()
    query = (
        sa.select(newest.c.vehicle_id, newest.c.id, newest.c.kind, newest.c.valid_until)
        .join(Vehicle, Vehicle.id == newest.c.vehicle_id)
        .where(newest.c.valid_until <= until, is_readable(viewer))
        .order_by(newest.c.valid_until, newest.c.id)
    )
    if vehicle_ids is not None:
        query = query.where(newest.c.vehicle_id.in_(list(vehicle_ids)))
    return [(row.vehicle_id, row.id, row.kind, row.valid_until) for row in reader.execute(query)]


def _open(reader: Reader, query: sa.Select[uuid.UUID], vehicle_id: int) -> StoredFile:
    file_id = reader.execute(query).scalar()
    if file_id is None:
        raise NotFound(f"There is no such file of vehicle {vehicle_id}.")
    return files.get_file(reader, file_id=file_id)
