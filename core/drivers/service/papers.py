"""What the verbs about documents share: one held, its pages, an older one replaced, what was done written down."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.drivers.models.documents import Document, DocumentKind, DocumentPage, DocumentState
from core.errors import Conflict, NotFound
from core.files import queries as files
from core.permissions import Actor


def lock_document(session: Writer, document_id: int) -> Document:
    """The document, held until the transaction ends. Hold its driver first."""
    query = sa.select(Document).where(Document.id == document_id).with_for_update()
    document = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if document is None:
        raise NotFound(f"There is no document {document_id}.")
    return document


def list_pages(session: Writer, document_id: int) -> Sequence[DocumentPage]:
    """The pages of a document in their order."""
    query = sa.select(DocumentPage).where(DocumentPage.document_id == document_id).order_by(DocumentPage.position)
    return session.scalars(query).all()


def list_media_types(session: Writer, document_id: int) -> list[str]:
    """What its pages are."""
    ids = [page.file_id for page in list_pages(session, document_id)]
    lines = files.list_files(session.connection(), file_ids=ids)
    return [lines[file_id].media_type for file_id in ids if file_id in lines]


def check_scanned(session: Writer, document_id: int) -> None:
    """Raise Conflict while a page is not known to be free of viruses."""
    ids = [page.file_id for page in list_pages(session, document_id)]
    lines = files.list_files(session.connection(), file_ids=ids)
    if any(not line.is_ready for line in lines.values()):
        raise Conflict(
            "A page of this document cannot be opened: it is still being checked for viruses, or one was found. "
            "Wait a minute, or refuse it as unreadable.",
            document_id=document_id,
        )


def replace(session: Writer, document: Document, states: Collection[DocumentState], *, at: datetime) -> None:
    """Put those of the kind that are in one of these states behind the document. One of kind `other` stands alone."""
    _put_behind(session, document.driver_id, document.kind, states, at=at, but=document.id)


def replace_waiting(session: Writer, *, driver_id: int, kind: DocumentKind, at: datetime) -> None:
    """Put one of the kind that still waits behind the one that is about to."""
    _put_behind(session, driver_id, kind, {DocumentState.HANDED_IN}, at=at)


def _put_behind(
    session: Writer,
    driver_id: int,
    kind: DocumentKind,
    states: Collection[DocumentState],
    *,
    at: datetime,
    but: int | None = None,
) -> None:
    if kind is DocumentKind.OTHER:
        return
    older = (
        sa.update(Document)
        .where(
            Document.driver_id == driver_id,
            Document.kind == kind,
            Document.state.in_(states),
            Document.replaced_at.is_(None),
        )
        .values(replaced_at=at)
    )
    session.execute(older if but is None else older.where(Document.id != but))


def record(session: Writer, document: Document, done: str, *, actor: Actor, at: datetime, **detail: Any) -> None:
    """Write into the audit table what was done with a document, without anything that stands in it."""
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action=f"drivers.document_{done}",
        subject=("driver", document.driver_id),
        document_id=document.id,
        kind=document.kind,
        **detail,
    )
