"""Documents and photos of vehicles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from flask import Response, url_for
from msgspec import Meta

from core.db import Reader
from core.errors import NotFound
from core.files.rules import TAKEN
from core.vehicles import queries, service
from core.vehicles.queries import DocumentRecord, PhotoRecord
from core.vehicles.schemas import DocumentKind, NewDocument, Upload
from portals.api_v1 import bp, pages
from portals.api_v1.contract import Answer, operation
from portals.api_v1.drivers import UploadedPage
from portals.doors import actor, at, read, write
from portals.file_answers import answer_file

Words = Annotated[str, Meta(min_length=1, max_length=120)]
# What a file comes as.
FILES = dict.fromkeys(TAKEN)


class KeptPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a document. Its content is at `/pages/{id}` of the document once `is_ready`."""

    id: UUID
    name: str
    media_type: str
    size_bytes: int
    is_ready: Annotated[bool, Meta(description="False while it is scanned for viruses, and when one was found.")]


class VehicleDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a vehicle. It is good through `valid_until`."""

    id: int
    vehicle_id: int
    kind: DocumentKind
    number: str | None
    issuer: str | None
    valid_from: date | None
    valid_until: Annotated[date | None, Meta(description="Its last day; null: it has no end.")]
    is_current: Annotated[bool, Meta(description="Whether it is the one of its kind that counts: the newest.")]
    added_at: datetime
    withdrawn_at: Annotated[datetime | None, Meta(description="When it was taken back as a mistake; it is kept.")]
    withdrawn_why: str | None
    pages: list[KeptPage]


class VehicleDocumentPage(pages.Page, frozen=True, kw_only=True):
    """Documents of a vehicle, the newest first."""

    items: list[VehicleDocument]


class NewVehicleDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document with all its pages. The whole request is no larger than 16 MB."""

    kind: DocumentKind
    pages: Annotated[list[UploadedPage], Meta(min_length=1, max_length=service.MOST_PAGES)]
    number: Words | None = None
    issuer: Words | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class DocumentWithdrawal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a document is taken back."""

    why: Annotated[str, Meta(min_length=3, max_length=500)]


class VehiclePhoto(msgspec.Struct, frozen=True, kw_only=True):
    """A photo of a vehicle. Its content is at its address."""

    id: int
    vehicle_id: int
    added_at: datetime


class VehiclePhotoPage(pages.Page, frozen=True, kw_only=True):
    """Photos in their order; by the first one the vehicle is known."""

    items: list[VehiclePhoto]


_PDF = {"name": "card.pdf", "content": "JVBERi0xLjQKJSVFT0YK"}
DOCUMENT = {"kind": "registration", "number": "A 123456", "valid_until": "2027-05-31", "pages": [_PDF]}
PHOTO = {"name": "left.png", "content": "iVBORw0KGgoAAAAAAAAAAAA="}


@bp.get("/vehicles/<int:vehicle_id>/documents")
@operation(answers={200: VehicleDocumentPage})
def list_vehicle_documents(vehicle_id: int) -> dict[str, Any]:
    """Every document of a vehicle, the newest first: those that count, those they replaced and those taken back."""
    found = queries.list_documents(read(), viewer=actor(), vehicle_id=vehicle_id)
    return pages.page([_show_document(one) for one in found], most=10_000, last_id=None)


@bp.post("/vehicles/<int:vehicle_id>/documents")
@operation(body=NewVehicleDocument, answers={201: VehicleDocument}, keyed=True, example=DOCUMENT)
def add_vehicle_document(vehicle_id: int, body: NewVehicleDocument) -> Answer:
    """Add a document. From now on it is the one of its kind that counts; the one before it is kept."""
    new = NewDocument(
        kind=body.kind,
        number=body.number,
        issuer=body.issuer,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
    )
    sent = [Upload(name=page.name, content=page.content) for page in body.pages]
    session = write()
    paper_id = service.add_document(session, actor=actor(), at=at(), vehicle_id=vehicle_id, new=new, pages=sent)
    session.flush()
    location = url_for("api_v1.get_vehicle_document", vehicle_id=vehicle_id, paper_id=paper_id)
    return Answer(_show_document(_find(session.connection(), vehicle_id, paper_id)), {"Location": location})


@bp.get("/vehicles/<int:vehicle_id>/documents/<int:paper_id>")
@operation(answers={200: VehicleDocument})
def get_vehicle_document(vehicle_id: int, paper_id: int) -> VehicleDocument:
    """One document."""
    queries.check_sight(read(), viewer=actor(), permission="vehicles:read", vehicle_id=vehicle_id)
    return _show_document(_find(read(), vehicle_id, paper_id))


@bp.get("/vehicles/<int:vehicle_id>/documents/<int:paper_id>/pages/<uuid:paper_file_id>")
@operation(answers={200: FILES}, refuses=(409,))
def get_vehicle_document_page(vehicle_id: int, paper_id: int, paper_file_id: UUID) -> Response:
    """A page of a document as it was handed in. 409 while it is scanned for viruses."""
    queries.check_sight(read(), viewer=actor(), permission="vehicles:read", vehicle_id=vehicle_id)
    if all(page.id != paper_file_id for page in _find(read(), vehicle_id, paper_id).pages):
        raise NotFound(f"There is no such page of document {paper_id}.")
    return answer_file(queries.get_document_page(read(), viewer=actor(), vehicle_id=vehicle_id, file_id=paper_file_id))


@bp.post("/vehicles/<int:vehicle_id>/documents/<int:paper_id>/withdrawal")
@operation(
    body=DocumentWithdrawal, answers={200: VehicleDocument}, refuses=(409,), example={"why": "Of another vehicle"}
)
def withdraw_vehicle_document(vehicle_id: int, paper_id: int, body: DocumentWithdrawal) -> VehicleDocument:
    """Take back a document that was added by mistake: the one before it counts again. It stays on file, with why."""
    session = write()
    service.withdraw_document(
        session, actor=actor(), at=at(), vehicle_id=vehicle_id, document_id=paper_id, why=body.why
    )
    session.flush()
    return _show_document(_find(session.connection(), vehicle_id, paper_id))


@bp.get("/vehicles/<int:vehicle_id>/photos")
@operation(answers={200: VehiclePhotoPage})
def list_vehicle_photos(vehicle_id: int) -> dict[str, Any]:
    """The photos of a vehicle in their order."""
    return _show_photos(queries.list_photos(read(), viewer=actor(), vehicle_id=vehicle_id))


@bp.post("/vehicles/<int:vehicle_id>/photos")
@operation(body=UploadedPage, answers={201: VehiclePhoto}, keyed=True, example=PHOTO)
def add_vehicle_photo(vehicle_id: int, body: UploadedPage) -> Answer:
    """Add a photo after those that are there."""
    photo = Upload(name=body.name, content=body.content)
    photo_id = service.add_photo(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, photo=photo)
    location = url_for("api_v1.get_vehicle_photo", vehicle_id=vehicle_id, photo_id=photo_id)
    return Answer(VehiclePhoto(id=photo_id, vehicle_id=vehicle_id, added_at=at()), {"Location": location})


@bp.get("/vehicles/<int:vehicle_id>/photos/<int:photo_id>")
@operation(answers={200: FILES}, refuses=(409,))
def get_vehicle_photo(vehicle_id: int, photo_id: int) -> Response:
    """A photo as it was taken. 409 while it is scanned for viruses."""
    return answer_file(queries.get_photo(read(), viewer=actor(), vehicle_id=vehicle_id, photo_id=photo_id))


@bp.put("/vehicles/<int:vehicle_id>/photos/<int:photo_id>/first")
@operation(answers={200: VehiclePhotoPage})
def put_vehicle_photo_first(vehicle_id: int, photo_id: int) -> dict[str, Any]:
    """Let the vehicle be known by this photo."""
    session = write()
    service.put_photo_first(session, actor=actor(), at=at(), vehicle_id=vehicle_id, photo_id=photo_id)
    session.flush()
    photos = queries.list_photos(session.connection(), viewer=service.REGISTRAR, vehicle_id=vehicle_id)
    return _show_photos(photos)


@bp.delete("/vehicles/<int:vehicle_id>/photos/<int:photo_id>")
@operation(answers={204: None})
def remove_vehicle_photo(vehicle_id: int, photo_id: int) -> None:
    """Show a photo no longer."""
    service.remove_photo(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, photo_id=photo_id)


def _find(reader: Reader, vehicle_id: int, paper_id: int) -> DocumentRecord:
    """A document of a vehicle that the caller has looked at."""
    documents = queries.list_documents(reader, viewer=service.REGISTRAR, vehicle_id=vehicle_id)
    for document in documents:
        if document.id == paper_id:
            return document
    raise NotFound(f"There is no document {paper_id} of vehicle {vehicle_id}.")


def _show_document(one: DocumentRecord) -> VehicleDocument:
    return VehicleDocument(
        id=one.id,
        vehicle_id=one.vehicle_id,
        kind=one.kind,
        number=one.number,
        issuer=one.issuer,
        valid_from=one.valid_from,
        valid_until=one.valid_until,
        is_current=one.is_current,
        added_at=one.added_at,
        withdrawn_at=one.withdrawn_at,
        withdrawn_why=one.withdrawn_why,
        pages=[
            KeptPage(
                id=page.id,
                name=page.name,
                media_type=page.media_type,
                size_bytes=page.size_bytes,
                is_ready=page.is_ready,
            )
            for page in one.pages
        ],
    )


def _show_photos(photos: Sequence[PhotoRecord]) -> dict[str, Any]:
    items = [VehiclePhoto(id=one.id, vehicle_id=one.vehicle_id, added_at=one.added_at) for one in photos]
    return pages.page(items, most=10_000, last_id=None)
