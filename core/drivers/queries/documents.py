"""Every read about documents of drivers."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import Driver, fields
from core.drivers.models.admissions import Admission
from core.drivers.models.documents import Document, DocumentKind, DocumentPage, DocumentState, RefusalReason
from core.drivers.models.lives import Stage
from core.drivers.rules.documents import ASKABLE, PDF, Held, KindStanding, judge_kinds
from core.errors import NotFound
from core.files import queries as files
from core.files.models import FileState
from core.files.queries import StoredFile
from core.permissions import Actor
from core.sight import in_reach


@dataclass(frozen=True, slots=True)
class PageLine:
    """A page of a document, without what is on it."""

    id: int
    position: int
    media_type: str
    size_bytes: int
    is_pdf: bool
    state: FileState

    @property
    def is_ready(self) -> bool:
        """Whether it may be opened: no virus scan is open, and none found anything."""
        return self.state in {FileState.CLEAN, FileState.NOT_SCANNED}


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document of a driver, without its pages' content. `words` are why it was refused, `title` what it is."""

    id: int
    driver_id: int
    park_id: int
    kind: DocumentKind
    state: DocumentState
    title: str | None
    valid_until: date | None
    begun_at: datetime
    handed_in_at: datetime | None
    handed_in_by_kind: str
    handed_in_by_id: int | None
    decided_at: datetime | None
    decided_by_kind: str | None
    decided_by_id: int | None
    refusal_reason: RefusalReason | None
    words: str | None
    replaced_at: datetime | None
    version: int
    pages: tuple[PageLine, ...] = ()


_RECORD = sa.select(
    Document.id,
    Document.driver_id,
    Driver.park_id,
    Document.kind,
    Document.state,
    Document.title_sealed,
    Document.valid_until,
    Document.begun_at,
    Document.handed_in_at,
    Document.handed_in_by_kind,
    Document.handed_in_by_id,
    Document.decided_at,
    Document.decided_by_kind,
    Document.decided_by_id,
    Document.refusal_reason,
    Document.words_sealed,
    Document.replaced_at,
    Document.version,
).join(Driver, Driver.id == Document.driver_id)
# A draft is nobody's business but its driver's.
_SEEN = Document.state != DocumentState.DRAFT


def list_documents(reader: Reader, *, viewer: Actor, driver_id: int) -> list[DocumentRecord]:
    """Everything a driver has handed in, the newest first. Needs drivers:read_documents; NotFound out of sight."""
    viewer.require("drivers:read_documents")
    known = reader.execute(sa.select(Driver.id).where(Driver.id == driver_id, _is_readable(viewer)))
    if known.scalar_one_or_none() is None:
        raise NotFound(f"There is no driver {driver_id}.")
    return _read(reader, _RECORD.where(Document.driver_id == driver_id, _SEEN, _is_readable(viewer)))


def get_document(reader: Reader, *, viewer: Actor, document_id: int) -> DocumentRecord:
    """One document that was handed in. Needs drivers:read_documents; NotFound out of sight."""
    viewer.require("drivers:read_documents")
    found = _read(reader, _RECORD.where(Document.id == document_id, _SEEN, _is_readable(viewer)))
    if not found:
        raise NotFound(f"There is no document {document_id}.")
    return found[0]


def check_document_of(reader: Reader, *, viewer: Actor, driver_id: int, document_id: int) -> None:
    """Raise NotFound unless the document was handed in by that driver, in reach of the viewer. Needs drivers:verify."""
    viewer.require("drivers:verify")
    reach = in_reach(viewer, "drivers:verify", park_id=Driver.park_id)
    query = sa.select(Document.id).join(Driver, Driver.id == Document.driver_id)
    found = reader.execute(query.where(Document.id == document_id, Document.driver_id == driver_id, _SEEN, reach))
    if found.scalar_one_or_none() is None:
        raise NotFound(f"Driver {driver_id} has no document {document_id}.")


def list_driver_documents(reader: Reader, *, viewer: Actor, driver_id: int) -> list[DocumentRecord]:
    """The documents of a driver that nothing newer replaced, drafts too, for who hands them in: the driver
    themselves, or whoever may hand in for them. Needs drivers:hand_in.
    """
    viewer.require("drivers:hand_in")
    return _read(
        reader,
        _RECORD.where(Document.driver_id == driver_id, Document.replaced_at.is_(None), _is_handed_in_by(viewer)),
    )


def get_page(reader: Reader, *, viewer: Actor, document_id: int, page_id: int) -> StoredFile:
    """What is on a page of a document that was handed in. Needs drivers:read_documents. Raises NotFound, and Conflict
    while it waits for the virus scan.
    """
    viewer.require("drivers:read_documents")
    return _open_page(reader, document_id, page_id, sa.and_(_SEEN, _is_readable(viewer)))


def get_handed_in_page(reader: Reader, *, viewer: Actor, driver_id: int, document_id: int, page_id: int) -> StoredFile:
    """What is on a page of that driver's, for who hands it in. Needs drivers:hand_in. Raises as `get_page`."""
    viewer.require("drivers:hand_in")
    mine = sa.and_(Document.driver_id == driver_id, _is_handed_in_by(viewer))
    return _open_page(reader, document_id, page_id, mine)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document in the queue of those to be looked at."""

    id: int
    driver_id: int
    park_id: int
    kind: DocumentKind
    handed_in_at: datetime
    stage: Stage


def list_waiting(
    reader: Reader, *, viewer: Actor, kind: DocumentKind | None = None, park_id: int | None = None, most: int = 500
) -> list[Waiting]:
    """The documents that wait to be looked at, the longest waiting first. Needs drivers:verify."""
    viewer.require("drivers:verify")
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Document.id, Document.driver_id, Driver.park_id, Document.kind, Document.handed_in_at, Driver.stage)
        .join(Driver, Driver.id == Document.driver_id)
        .where(
            Document.state == DocumentState.HANDED_IN,
            Document.replaced_at.is_(None),
            in_reach(viewer, "drivers:verify", park_id=Driver.park_id),
        )
        .order_by(Document.handed_in_at, Document.id)
        .limit(most)
    )
    if kind is not None:
        query = query.where(Document.kind == kind)
    if park_id is not None:
        query = query.where(Driver.park_id == park_id)
    return [Waiting(*row) for row in reader.execute(query)]


@dataclass(frozen=True, slots=True)
class Expiring:
    """An accepted document that runs out. It is all there is to know of it without reading it."""

    document_id: int
    driver_id: int
    park_id: int
    kind: DocumentKind
    valid_until: date


def list_expiring(reader: Reader, *, viewer: Actor, until: date, most: int = 10_000) -> list[Expiring]:
    """The accepted documents of active drivers whose last day is `until` or earlier, the earliest first.

    Needs drivers:read.
    """
    viewer.require("drivers:read")
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Document.id, Document.driver_id, Driver.park_id, Document.kind, Document.valid_until)
        .join(Driver, Driver.id == Document.driver_id)
        .where(
            Document.state == DocumentState.ACCEPTED,
            Document.replaced_at.is_(None),
            Document.valid_until <= until,
            Driver.stage == Stage.ACTIVE,
            in_reach(viewer, "drivers:read", park_id=Driver.park_id),
        )
        .order_by(Document.valid_until, Document.id)
        .limit(most)
    )
    return [Expiring(*row) for row in reader.execute(query)]


def list_kind_standings(reader: Reader, *, viewer: Actor, driver_ids: Iterable[int]) -> dict[int, list[KindStanding]]:
    """How it is with the kinds of documents that are asked of these drivers, or that they hold, by driver.

    Needs drivers:read or, for whoever hands documents in, drivers:hand_in.
    """
    reach = _is_known_to(viewer)
    ids = list(driver_ids)
    asked = {
        driver_id: [DocumentKind(kind) for kind in kinds or ()]
        for driver_id, kinds in reader.execute(
            sa.select(Driver.id, Admission.required_kinds)
            .outerjoin(Admission, Admission.park_id == Driver.park_id)
            .where(Driver.id.in_(ids), reach)
        )
    }
    held: dict[int, list[Held]] = defaultdict(list)
    rows = reader.execute(
        sa.select(Document.driver_id, Document.kind, Document.state, Document.valid_until).where(
            Document.driver_id.in_(asked), Document.replaced_at.is_(None), _SEEN
        )
    )
    for row in rows:
        held[row.driver_id].append(Held(row.kind, row.state, row.valid_until))
    return {driver_id: judge_kinds(held[driver_id], kinds) for driver_id, kinds in asked.items()}


def is_told_by_documents(reader: Reader, *, driver_id: int, kind: str) -> bool:
    """Whether how it is with a kind of document follows from what the driver has handed in, or was asked to: nobody
    else tells it then. For the judgement of drivers: no viewer.
    """
    if kind not in set(ASKABLE):
        return False
    handed_in = sa.exists().where(Document.driver_id == driver_id, Document.kind == kind, _SEEN)
    asked = sa.exists().where(
        Driver.id == driver_id, Admission.park_id == Driver.park_id, Admission.required_kinds.contains([kind])
    )
    return bool(reader.execute(sa.select(sa.or_(handed_in, asked))).scalar_one())


def list_drivers_of_park(reader: Reader, *, viewer: Actor, park_id: int) -> list[int]:
    """The active drivers of a park. Needs drivers:read."""
    viewer.require("drivers:read")
    reach = in_reach(viewer, "drivers:read", park_id=Driver.park_id)
    query = sa.select(Driver.id).where(Driver.park_id == park_id, Driver.stage == Stage.ACTIVE, reach)
    return list(reader.execute(query.order_by(Driver.id)).scalars())


def _read(reader: Reader, query: sa.Select[*tuple[Any, ...]]) -> list[DocumentRecord]:
    rows = reader.execute(query.order_by(Document.id.desc())).all()
    titles = vault.open_texts(reader, [row.title_sealed for row in rows], field=fields.DOCUMENT_TITLE)
    words = vault.open_texts(reader, [row.words_sealed for row in rows], field=fields.DOCUMENT_WORDS)
    pages = _read_pages(reader, [row.id for row in rows])
    found = []
    for row, title, said in zip(rows, titles, words, strict=True):
        plain = dict(row._mapping)
        del plain["title_sealed"], plain["words_sealed"]
        found.append(DocumentRecord(**plain, title=title, words=said, pages=tuple(pages[row.id])))
    return found


def _read_pages(reader: Reader, document_ids: Sequence[int]) -> dict[int, list[PageLine]]:
    rows = reader.execute(
        sa.select(DocumentPage.document_id, DocumentPage.id, DocumentPage.position, DocumentPage.file_id)
        .where(DocumentPage.document_id.in_(document_ids))
        .order_by(DocumentPage.document_id, DocumentPage.position)
    ).all()
    lines = files.list_files(reader, file_ids=[row.file_id for row in rows])
    found: dict[int, list[PageLine]] = defaultdict(list)
    for row in rows:
        line = lines.get(row.file_id)  # of an erased person the files are gone
        if line is not None:
            is_pdf = line.media_type == PDF
            page = PageLine(row.id, row.position, line.media_type, line.size_bytes, is_pdf, line.state)
            found[row.document_id].append(page)
    return found


def _open_page(reader: Reader, document_id: int, page_id: int, seen: sa.ColumnElement[bool]) -> StoredFile:
    file_id: uuid.UUID | None = reader.execute(
        sa.select(DocumentPage.file_id)
        .join(Document, Document.id == DocumentPage.document_id)
        .join(Driver, Driver.id == Document.driver_id)
        .where(DocumentPage.id == page_id, DocumentPage.document_id == document_id, seen)
    ).scalar_one_or_none()
    if file_id is None:
        raise NotFound("There is no such page.")
    return files.get_file(reader, file_id=file_id)


def _is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, "drivers:read_documents", park_id=Driver.park_id)


def _is_handed_in_by(viewer: Actor) -> sa.ColumnElement[bool]:
    return _with_own(viewer, in_reach(viewer, "drivers:hand_in", park_id=Driver.park_id))


def _is_known_to(viewer: Actor) -> sa.ColumnElement[bool]:
    if viewer.may("drivers:read"):
        return in_reach(viewer, "drivers:read", park_id=Driver.park_id)
    viewer.require("drivers:hand_in")
    return _is_handed_in_by(viewer)


def _with_own(viewer: Actor, within: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    if viewer.kind != "user":
        return within
    return sa.or_(within, Driver.user_id == viewer.id)
