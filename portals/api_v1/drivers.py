"""People who drive: their records, how far they have come, and their documents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec
from flask import url_for
from msgspec import Meta

from core.drivers import queries, service
from core.drivers.queries import DocumentRecord, DriverRecord
from core.drivers.schemas import (
    Acceptance,
    AccessStatus,
    DocumentKind,
    DocumentRefusal,
    DocumentState,
    DriverChanges,
    HandIn,
    NewDriver,
    NewPage,
    RefusalReason,
    Stage,
    StageStep,
)
from core.errors import Invalid
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, read, write


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """A person who drives. What is personal beyond name and phone stands at `/personal`."""

    id: int
    park_id: int
    name: Annotated[str, Meta(description="“Erased person 7” of somebody who was erased.")]
    phone: str | None
    stage: Annotated[Stage, Meta(description="How far they have come. None but the active are given vehicles.")]
    stage_since: datetime
    status: Annotated[AccessStatus, Meta(description="Whether they may drive; why: `/access/{driver_id}/status`.")]
    vehicle_id: Annotated[int | None, Meta(description="The vehicle they have now.")]
    licence_country: Annotated[str | None, Meta(description="ISO 3166-1.")]
    licence_region: str | None
    licence_categories: list[str]
    licence_valid_until: Annotated[date | None, Meta(description="Its last day.")]
    created_at: datetime


class DriverPage(pages.Page, frozen=True, kw_only=True):
    """Drivers by id."""

    items: list[Driver]


class DriverQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which drivers."""

    park_id: Annotated[int | None, Meta(description="Of this park.")] = None
    stage: Annotated[Stage | None, Meta(description="At this stage.")] = None
    status: Annotated[AccessStatus | None, Meta(description="Who stand so.")] = None
    limit: pages.UpTo500 = 50


class KeptDriver(msgspec.Struct, frozen=True, kw_only=True):
    """That a record was written. It names nobody, so that the answer can be kept under its Idempotency-Key."""

    id: int
    version: Annotated[int, Meta(description="What If-Match wants next.")]


class PersonalData(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person. That it was read is kept, and shown to them."""

    driver_id: int
    name: str
    phone: str | None
    email: str | None
    birth_date: date | None
    address: str | None
    emergency_name: str | None
    emergency_phone: str | None
    licence_number: str | None
    licence_country: str | None
    licence_region: str | None
    licence_categories: list[str]
    licence_valid_until: date | None


class DriverDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was handed in, without what is on it."""

    id: int
    driver_id: int
    kind: DocumentKind
    state: DocumentState
    valid_until: Annotated[date | None, Meta(description="Its last day, once accepted.")]
    pages: Annotated[int, Meta(description="How many pictures and PDFs it has.")]
    handed_in_at: datetime | None
    decided_at: datetime | None
    refusal_reason: RefusalReason | None
    replaced_at: Annotated[datetime | None, Meta(description="When a newer one took its place; it is kept.")]
    version: Annotated[int, Meta(description="What If-Match wants.")]


class DriverDocumentPage(pages.Page, frozen=True, kw_only=True):
    """Documents, the newest first."""

    items: list[DriverDocument]


class UploadedPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture (JPEG, PNG, WebP, HEIC) or a PDF."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="The name of the file.")]
    content: Annotated[bytes, Meta(min_length=1, description="The file in base64 (RFC 4648).")]


class NewDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document with all its pages. The whole request is no larger than 16 MB."""

    kind: DocumentKind
    pages: Annotated[list[UploadedPage], Meta(min_length=1, max_length=8)]
    title: Annotated[str, Meta(max_length=120, description="What one of kind `other` is.")] = ""
    valid_until: Annotated[date | None, Meta(description="Its last day, as far as you know.")] = None


class KeptDocument(msgspec.Struct, frozen=True, kw_only=True):
    """That a document was handed in, and waits to be looked at."""

    id: int


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a document that waits. An accepted one may need its last day, a refused one its reason."""

    state: Literal["accepted", "refused"]
    valid_until: date | None = None
    reason: RefusalReason | None = None
    words: Annotated[str, Meta(max_length=1000, description="The driver reads them.")] = ""


NEW = {
    "name": "Ben Okri",
    "phone": "+14155550111",
    "park_id": 1,
    "personal": {
        "birth_date": "1990-05-01",
        "licence": {"country": "US", "region": "CA", "number": "D1234567", "categories": ["C"]},
    },
}


DOCUMENT = {
    "kind": "insurance",
    "valid_until": "2027-01-31",
    "pages": [{"name": "policy.pdf", "content": "JVBERi0xLjQKJSVFT0YK"}],
}


@bp.get("/drivers")
@operation(query=DriverQuery, answers={200: DriverPage})
def list_drivers(query: DriverQuery) -> dict[str, Any]:
    """The drivers in sight, by id."""
    found = queries.list_records(
        read(),
        viewer=actor(),
        at=at(),
        after_id=pages.after_id(query.cursor),
        most=query.limit,
        park_id=query.park_id,
        stage=query.stage,
        status=query.status,
    )
    last_id = found[-1].id if found else None
    return pages.page([_show(driver) for driver in found], most=query.limit, last_id=last_id)


@bp.post("/drivers")
@operation(body=NewDriver, answers={201: KeptDriver}, refuses=(409,), example=NEW)
def register_driver(body: NewDriver) -> Answer:
    """Add a driver who drives from now on. 409 for a phone number or a licence that is known names the record that has
    it, to those who may see it.
    """
    driver_id = service.register_driver(write(), actor=actor(), at=at(), new=body)
    location = url_for("api_v1.get_driver", driver_id=driver_id)
    version = queries.get_version(write().connection(), driver_id=driver_id)
    return show_record(KeptDriver(id=driver_id, version=version), version, location=location)


@bp.get("/drivers/<int:driver_id>")
@operation(answers={200: Driver})
def get_driver(driver_id: int) -> Answer:
    """One driver."""
    driver = queries.get_driver(read(), viewer=actor(), driver_id=driver_id, at=at())
    return show_record(_show(driver), driver.version)


@bp.patch("/drivers/<int:driver_id>")
@operation(
    body=DriverChanges, answers={200: KeptDriver}, refuses=(409,), conditional=True, example={"phone": "+14155550112"}
)
def change_driver(driver_id: int, body: DriverChanges) -> Answer:
    """Change what is named of a driver's record; null takes out what may be missing."""
    service.change_driver(
        write(), actor=actor(), at=at(), driver_id=driver_id, changes=body, versions=wanted_versions()
    )
    version = queries.get_version(write().connection(), driver_id=driver_id)
    return show_record(KeptDriver(id=driver_id, version=version), version)


@bp.put("/drivers/<int:driver_id>/stage")
@operation(
    body=StageStep,
    answers={200: KeptDriver},
    refuses=(409,),
    conditional=True,
    example={"stage": "active", "reason": "verified"},
)
def step_driver(driver_id: int, body: StageStep) -> Answer:
    """Take somebody on to the next stage. 409 tells in `obstacles` what is in the way of becoming active."""
    service.take_step(write(), actor=actor(), at=at(), driver_id=driver_id, step=body, versions=wanted_versions())
    version = queries.get_version(write().connection(), driver_id=driver_id)
    return show_record(KeptDriver(id=driver_id, version=version), version)


@bp.get("/drivers/<int:driver_id>/personal")
@operation(answers={200: PersonalData})
def get_driver_personal(driver_id: int) -> PersonalData:
    """What is known of the person. That you read it is kept, and shown to them."""
    known = queries.get_personal(read(), viewer=actor(), driver_id=driver_id)
    service.note_look(write(), actor=actor(), at=at(), driver_id=driver_id, what="record")
    return msgspec.convert(known, PersonalData, from_attributes=True)


@bp.get("/drivers/<int:driver_id>/documents")
@operation(answers={200: DriverDocumentPage})
def list_driver_documents(driver_id: int) -> dict[str, Any]:
    """Everything a driver has handed in, the newest first, with what was replaced."""
    found = queries.list_documents(read(), viewer=actor(), driver_id=driver_id)
    return pages.page([_show_document(one) for one in found], most=10_000, last_id=None)


@bp.post("/drivers/<int:driver_id>/documents")
@operation(body=NewDocument, answers={201: KeptDocument}, refuses=(409,), keyed=True, example=DOCUMENT)
def hand_in_driver_document(driver_id: int, body: NewDocument) -> Answer:
    """Hand a document in for a driver, with all its pages. One of the kind that still waits is replaced by it."""
    sent = [NewPage(kind=body.kind, upload_key=uuid4(), name=page.name, content=page.content) for page in body.pages]
    document_id = service.hand_in_whole(
        write(),
        actor=actor(),
        at=at(),
        driver_id=driver_id,
        pages=sent,
        new=HandIn(title=body.title, valid_until=body.valid_until),
    )
    location = url_for("api_v1.list_driver_documents", driver_id=driver_id)
    return Answer(KeptDocument(id=document_id), {"Location": location})


@bp.put("/drivers/<int:driver_id>/documents/<int:document_id>/decision")
@operation(
    body=Decision,
    answers={204: None},
    refuses=(409,),
    conditional=True,
    example={"state": "accepted", "valid_until": "2029-05-31"},
)
def decide_driver_document(driver_id: int, document_id: int, body: Decision) -> None:
    """Accept a document that waits, or refuse it with a reason. 409 when it was decided meanwhile."""
    queries.check_document_of(read(), viewer=actor(), driver_id=driver_id, document_id=document_id)
    if body.state == "accepted":
        service.accept_document(
            write(),
            actor=actor(),
            at=at(),
            document_id=document_id,
            acceptance=Acceptance(valid_until=body.valid_until),
            versions=wanted_versions(),
        )
        return
    if body.reason is None:
        raise Invalid("reason: say why it is refused.", fields={"reason": "Needed to refuse."})
    service.refuse_document(
        write(),
        actor=actor(),
        at=at(),
        document_id=document_id,
        refusal=DocumentRefusal(reason=body.reason, words=body.words),
        versions=wanted_versions(),
    )


def _show(driver: DriverRecord) -> Driver:
    return Driver(
        id=driver.id,
        park_id=driver.park_id,
        name=driver.name,
        phone=driver.phone,
        stage=driver.stage,
        stage_since=driver.stage_since,
        status=driver.access_status,
        vehicle_id=driver.vehicle_id,
        licence_country=driver.licence_country,
        licence_region=driver.licence_region,
        licence_categories=list(driver.licence_categories),
        licence_valid_until=driver.licence_valid_until,
        created_at=driver.created_at,
    )


def _show_document(one: DocumentRecord) -> DriverDocument:
    return DriverDocument(
        id=one.id,
        driver_id=one.driver_id,
        kind=one.kind,
        state=one.state,
        valid_until=one.valid_until,
        pages=len(one.pages),
        handed_in_at=one.handed_in_at,
        decided_at=one.decided_at,
        refusal_reason=one.refusal_reason,
        replaced_at=one.replaced_at,
        version=one.version,
    )
