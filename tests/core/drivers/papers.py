"""Pictures and documents for tests."""

from __future__ import annotations

import base64
import uuid

from core.drivers import service
from core.drivers.schemas import Acceptance, DocumentKind, DocumentRefusal, HandIn, NewPage, RefusalReason
from tests.conftest import ROOT

# The smallest whole picture there is, in PNG and as JPEG.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def new_page(kind: DocumentKind = DocumentKind.LICENCE, *, content: bytes = PNG, name: str = "front.png") -> NewPage:
    """A page as a phone sends it."""
    return NewPage(kind=kind, upload_key=uuid.uuid4(), name=name, content=content)


def hand_in(database, driver_id, at, *, kind=DocumentKind.LICENCE, pages=2, actor=ROOT, **known) -> int:
    """A document handed in; returns its id."""
    with database.transaction() as session:
        for _ in range(pages):
            document_id = service.add_page(session, actor=actor, at=at, driver_id=driver_id, page=new_page(kind))
        service.hand_in(session, actor=actor, at=at, document_id=document_id, new=HandIn(**known))
    return document_id


def accept(database, document_id, at, *, until, actor=ROOT) -> None:
    """The document accepted."""
    with database.transaction() as session:
        service.accept_document(
            session, actor=actor, at=at, document_id=document_id, acceptance=Acceptance(valid_until=until)
        )


def refuse(database, document_id, at, *, reason=RefusalReason.UNREADABLE, words="", actor=ROOT) -> None:
    """The document refused."""
    with database.transaction() as session:
        refusal = DocumentRefusal(reason=reason, words=words)
        service.refuse_document(session, actor=actor, at=at, document_id=document_id, refusal=refusal)
