"""The virus scan of files: the content is read, the scanner asked, and then, in a transaction, its finding noted."""

from __future__ import annotations

import uuid

from core import clock, config, db
from core.files import queries, service
from core.permissions import system

ACTOR = system("virus scan", "files:scan")


def scan(*, file_id: str) -> None:
    """Scan one file, if it still waits. Raises ScannerDown, so that it is tried again later."""
    wanted, scanner = uuid.UUID(file_id), config.current().scanner
    with db.current().reading() as reader:
        waiting = queries.find_to_scan(reader, file_id=wanted)
    if waiting is None or scanner is None:
        return
    finding = service.find_virus(waiting.content, scanner=scanner)
    with db.current().transaction() as session:
        service.note_scan(session, actor=ACTOR, at=clock.now(), file_id=wanted, finding=finding)
