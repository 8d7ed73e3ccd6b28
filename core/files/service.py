"""Keeping files, and what the scan found."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from core import config, outbox, vault
from core.db import Writer
from core.errors import Invalid
from core.files import rules
from core.files.gateway import ClamdScanner
from core.files.models import File, FileState
from core.permissions import Actor, needs

NAME, CONTENT = "files.name", "files.content"


@needs("files:keep")
def keep_file(
    session: Writer, *, actor: Actor, at: datetime, key_id: int, purpose: str, name: str, content: bytes
) -> uuid.UUID:
    """Keep a file, sealed under `key_id`; returns its id. Where a scanner is configured, it is handed out when that
    has found it clean.

    `purpose` says what for, like "drivers.document". Raises Invalid for what is no photo or PDF, empty or too large.
    """
    problem = rules.find_problem(content)
    media_type = rules.find_media_type(content)
    if problem is not None or media_type is None:
        raise Invalid("The file was not taken.", fields={"file": problem or ""})
    kept = File(
        id=uuid.uuid4(),
        key_id=key_id,
        purpose=purpose,
        media_type=media_type,
        size_bytes=len(content),
        name_sealed=vault.seal_text(session, key_id=key_id, field=NAME, text=rules.safe_name(name, media_type)),
        content_sealed=vault.seal_bytes(session, key_id=key_id, field=CONTENT, plain=content),
        content_blind=vault.blind_bytes(field=CONTENT, content=content),
        state=FileState.NOT_SCANNED if config.current().scanner is None else FileState.WAITING,
        kept_by_kind=actor.kind,
        kept_by_id=actor.id,
        kept_at=at,
    )
    session.add(kept)
    session.flush()
    outbox.publish(session, "files.file_kept", at=at, file_id=str(kept.id))
    return kept.id


def find_virus(content: bytes, *, scanner: tuple[str, int]) -> str | None:
    """Ask the scanner at that host and port, outside any transaction; the name of what it found, or None.

    Raises ScannerDown.
    """
    return ClamdScanner(*scanner).find_virus(content)


@needs("files:scan")
def note_scan(session: Writer, *, actor: Actor, at: datetime, file_id: uuid.UUID, finding: str | None) -> None:
    """Write down what the scan found: the name of a virus, or None. What is infected loses its content; the row stays
    and says so.
    """
    kept = session.get(File, file_id, with_for_update=True)
    if kept is None or kept.state is not FileState.WAITING:
        return
    kept.state, kept.finding = FileState.CLEAN if finding is None else FileState.INFECTED, finding
    if finding is not None:
        kept.content_sealed = None
    outbox.publish(session, "files.file_scanned", at=at, file_id=str(file_id))


@needs("files:erase")
def erase_files(session: Writer, *, actor: Actor, at: datetime, key_id: int) -> int:
    """Empty all files under one key, whose owner is erased; returns how many."""
    owned = sa.update(File).where(File.key_id == key_id, File.content_sealed.is_not(None))
    return session.execute(owned.values(content_sealed=None)).rowcount  # type: ignore[attr-defined,no-any-return]
