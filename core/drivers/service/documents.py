"""The verbs by which documents come in: pages photographed one by one, and the whole handed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core import outbox
from core.db import Writer
from core.drivers.models import Driver, fields
from core.drivers.models.documents import Document, DocumentKind, DocumentPage, DocumentState
from core.drivers.models.lives import Stage
from core.drivers.rules import documents as rules
from core.drivers.schemas.documents import HandIn, NewPage
from core.drivers.service.papers import list_media_types, list_pages, lock_document, record, replace_waiting
from core.drivers.service.records import lock_driver_or_self
from core.drivers.service.sealing import seal_optional
from core.errors import Conflict, Invalid, NotFound
from core.files import service as file_store
from core.files.rules import find_media_type
from core.permissions import Actor, needs, system

# Who may still hand documents in.
_OPEN = {Stage.APPLIED, Stage.VERIFYING, Stage.ACTIVE}
PURPOSE = "drivers.document"
# A program may hand in for drivers, and has no right over files by itself.
KEEPER = system("documents of drivers", "files:keep")


@needs("drivers:hand_in")
def add_page(session: Writer, *, actor: Actor, at: datetime, driver_id: int, page: NewPage) -> int:
    """Add a page to the draft of a kind, which is begun by its first; returns the id of the document.

    Sent again under its `upload_key`, it is there once. Raises Invalid for a file that is none of the allowed.
    """
    driver = _lock_open(session, actor=actor, driver_id=driver_id)
    document = _find_draft(session, driver.id, page.kind) or _begin(session, driver, page.kind, actor=actor, at=at)
    pages = list_pages(session, document.id)
    if any(known.upload_key == page.upload_key for known in pages):
        return document.id
    if problem := rules.page_problem(len(pages)):
        raise Invalid("The page was not added.", fields={"page": problem})
    position = max((known.position for known in pages), default=0) + 1
    _keep_page(session, driver, document, page, position, actor=actor, at=at)
    return document.id


@needs("drivers:hand_in")
def hand_in_whole(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, pages: Sequence[NewPage], new: HandIn
) -> int:
    """Hand a document in with all its pages at once; returns its id. A draft that somebody has begun stays theirs.

    `pages` are of one kind. Raises Invalid with what is missing.
    """
    driver = _lock_open(session, actor=actor, driver_id=driver_id)
    kind = pages[0].kind
    media_types = [find_media_type(page.content) or "" for page in pages]
    if problems := rules.hand_in_problems(kind, media_types, new.title):
        raise Invalid(f"Not handed in. {' '.join(problems.values())}", fields=problems)
    if len(pages) > rules.MOST_PAGES:
        raise Invalid("Not handed in.", fields={"page": rules.page_problem(rules.MOST_PAGES) or ""})
    document = Document(driver_id=driver.id, kind=kind, state=DocumentState.HANDED_IN, begun_at=at)
    replace_waiting(session, driver_id=driver.id, kind=kind, at=at)
    _fill(session, document, driver, new, actor=actor, at=at)
    session.add(document)
    session.flush()
    for position, page in enumerate(pages, start=1):
        _keep_page(session, driver, document, page, position, actor=actor, at=at)
    _tell(session, document, actor=actor, at=at, pages=len(pages))
    return document.id


@needs("drivers:hand_in")
def remove_page(session: Writer, *, actor: Actor, at: datetime, document_id: int, page_id: int) -> None:
    """Take a page out of a draft again. Its file goes with the person's other files; nobody can reach it any more."""
    document, _ = _lock_draft(session, actor=actor, document_id=document_id)
    page = session.get(DocumentPage, page_id)
    if page is None or page.document_id != document.id:
        raise NotFound("This page is not part of the draft any more.")
    session.delete(page)


@needs("drivers:hand_in")
def hand_in(session: Writer, *, actor: Actor, at: datetime, document_id: int, new: HandIn) -> None:
    """Hand a draft in. One of the kind that still waits is replaced by it; what was decided stays until this one is.

    Raises Invalid with what is missing.
    """
    document, driver = _lock_draft(session, actor=actor, document_id=document_id)
    media_types = list_media_types(session, document.id)
    if problems := rules.hand_in_problems(document.kind, media_types, new.title):
        raise Invalid(f"Not handed in yet. {' '.join(problems.values())}", fields=problems)
    replace_waiting(session, driver_id=driver.id, kind=document.kind, at=at)
    _fill(session, document, driver, new, actor=actor, at=at)
    _tell(session, document, actor=actor, at=at, pages=len(media_types))


@needs("drivers:hand_in")
def discard_draft(session: Writer, *, actor: Actor, at: datetime, document_id: int) -> None:
    """Throw a draft away. Nothing was handed in by it, so nothing is kept of it but its sealed pages."""
    document, _ = _lock_draft(session, actor=actor, document_id=document_id)
    document.replaced_at = at


def _keep_page(
    session: Writer, driver: Driver, document: Document, page: NewPage, position: int, *, actor: Actor, at: datetime
) -> None:
    file_id = file_store.keep_file(
        session,
        actor=actor if actor.may("files:keep") else KEEPER,
        at=at,
        key_id=driver.key_id,
        purpose=PURPOSE,
        name=page.name,
        content=page.content,
    )
    session.add(DocumentPage(document_id=document.id, position=position, file_id=file_id, upload_key=page.upload_key))
    session.flush()


def _fill(session: Writer, document: Document, driver: Driver, new: HandIn, *, actor: Actor, at: datetime) -> None:
    document.state, document.handed_in_at = DocumentState.HANDED_IN, at
    document.handed_in_by_kind, document.handed_in_by_id = actor.kind, actor.id
    document.valid_until = new.valid_until
    document.title_sealed = seal_optional(session, driver.key_id, fields.DOCUMENT_TITLE, new.title.strip())


def _tell(session: Writer, document: Document, *, actor: Actor, at: datetime, pages: int) -> None:
    record(session, document, "handed_in", actor=actor, at=at, pages=pages)
    outbox.publish(session, "drivers.document_handed_in", at=at, driver_id=document.driver_id, document_id=document.id)


def _lock_open(session: Writer, *, actor: Actor, driver_id: int) -> Driver:
    driver = lock_driver_or_self(session, actor=actor, driver_id=driver_id, permission="drivers:hand_in")
    if driver.stage not in _OPEN:
        raise Conflict(
            "Nothing can be handed in: this person does not drive here any more. Ask the park to take it up again.",
            driver_id=driver_id,
            stage=driver.stage.value,
        )
    return driver


def _find_draft(session: Writer, driver_id: int, kind: DocumentKind) -> Document | None:
    return session.scalars(
        sa.select(Document)
        .where(
            Document.driver_id == driver_id,
            Document.kind == kind,
            Document.state == DocumentState.DRAFT,
            Document.replaced_at.is_(None),
        )
        .order_by(Document.id.desc())
        .limit(1)
    ).one_or_none()


def _begin(session: Writer, driver: Driver, kind: DocumentKind, *, actor: Actor, at: datetime) -> Document:
    document = Document(
        driver_id=driver.id,
        kind=kind,
        state=DocumentState.DRAFT,
        begun_at=at,
        handed_in_by_kind=actor.kind,
        handed_in_by_id=actor.id,
    )
    session.add(document)
    session.flush()
    return document


def _lock_draft(session: Writer, *, actor: Actor, document_id: int) -> tuple[Document, Driver]:
    driver_id = session.scalar(sa.select(Document.driver_id).where(Document.id == document_id))
    if driver_id is None:
        raise NotFound(f"There is no document {document_id}.")
    driver = _lock_open(session, actor=actor, driver_id=driver_id)
    document = lock_document(session, document_id)
    if document.state is not DocumentState.DRAFT or document.replaced_at is not None:
        raise Conflict("This document was handed in or discarded already.", document_id=document_id)
    return document, driver
