"""Reading files. Who may see one is for the subsystem to say that owns it; it has done so before it asks here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.errors import Conflict, NotFound
from core.files.models import File, FileState
from core.files.service import CONTENT, NAME

_FILE = File.__table__.c
_GONE = "The file is no longer kept."
_HELD = {
    FileState.WAITING: "The file is being checked for viruses. Try again in a minute.",
    FileState.INFECTED: "A virus was found in this file, and it was destroyed. Ask for another one.",
}


@dataclass(frozen=True, slots=True)
class FileLine:
    """What a list shows of a file."""

    id: uuid.UUID
    name: str
    media_type: str
    size_bytes: int
    state: FileState
    kept_at: datetime

    @property
    def is_ready(self) -> bool:
        """Whether it may be opened."""
        return self.state in {FileState.CLEAN, FileState.NOT_SCANNED}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file with its content."""

    id: uuid.UUID
    name: str
    media_type: str
    content: bytes


def list_files(reader: Reader, *, file_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, FileLine]:
    """These files without their content, by id; the erased are left out."""
    columns = (_FILE.id, _FILE.name_sealed, _FILE.media_type, _FILE.size_bytes, _FILE.state, _FILE.kept_at)
    rows = reader.execute(sa.select(*columns).where(_FILE.id.in_(list(file_ids)))).all()
    names = vault.open_texts(reader, [row.name_sealed for row in rows], field=NAME)
    return {
        row.id: FileLine(row.id, name, row.media_type, row.size_bytes, row.state, row.kept_at)
        for row, name in zip(rows, names, strict=True)
        if name is not None
    }


def get_file(reader: Reader, *, file_id: uuid.UUID) -> StoredFile:
    """One file with its content. Raises NotFound, and Conflict while it waits to be scanned or was infected."""
    columns = (_FILE.name_sealed, _FILE.media_type, _FILE.state, _FILE.content_sealed)
    row = reader.execute(sa.select(*columns).where(_FILE.id == file_id)).one_or_none()
    if row is None:
        raise NotFound(_GONE)
    if row.state in _HELD:
        raise Conflict(_HELD[row.state])
    return _opened(reader, file_id, row.name_sealed, row.media_type, row.content_sealed)


def find_to_scan(reader: Reader, *, file_id: uuid.UUID) -> StoredFile | None:
    """A file that waits to be scanned, or None when it does not any more."""
    columns = (_FILE.name_sealed, _FILE.media_type, _FILE.content_sealed)
    query = sa.select(*columns).where(_FILE.id == file_id, _FILE.state == FileState.WAITING)
    row = reader.execute(query).one_or_none()
    return None if row is None else _opened(reader, file_id, row.name_sealed, row.media_type, row.content_sealed)


def _opened(
    reader: Reader, file_id: uuid.UUID, name_sealed: bytes, media_type: str, content_sealed: bytes | None
) -> StoredFile:
    name = vault.open_text(reader, name_sealed, field=NAME)
    content = vault.open_bytes(reader, [content_sealed], field=CONTENT)[0]
    if name is None or content is None:
        raise NotFound(_GONE)
    return StoredFile(file_id, name, media_type, content)
