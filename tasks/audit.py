"""The keeper of the audit log: gives new entries their places, signs, and checks when asked."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

from core import clock
from core.audit_log import ForkedLog, append_new, sign_checkpoint
from core.audit_verification import keep_finding, take_verification, verify_log
from core.db import Database
from core.notes import Signer, open_checkpoint

log = logging.getLogger(__name__)

BATCH = 2000


def append(database: Database) -> int:
    """Give all committed entries their places; returns how many."""
    total = 0
    while True:
        with database.transaction() as session:
            count = append_new(session, most=BATCH)
        total += count
        if count < BATCH:
            return total


def sign(database: Database, *, at: datetime, signer: Signer, witness: Path) -> str | None:
    """Sign the log as it is and write that into the witness file; returns the note when there is a new one.

    A log that is not what was signed before is not signed over; that is said in the log at every try.
    """
    try:
        with database.transaction() as session:
            note = sign_checkpoint(session, at=at, signer=signer)
    except ForkedLog as fork:
        log.critical("%s Nothing is signed any more. See docs/runbooks/audit-log-tampered.md.", fork)
        return None
    return note if note is not None and _witness(witness, note) else None


def verify_when_asked(database: Database, *, signer: Signer, witness: Path) -> int | None:
    """Check the whole log if somebody asked for it; returns how many things are wrong."""
    with database.transaction() as session:
        verification_id = take_verification(session, at=clock.now())
    if verification_id is None:
        return None
    with database.reading() as reader:
        finding = verify_log(reader, verifier_key=signer.verifier_key, witness=read_witness(witness, signer))
    with database.transaction() as session:
        keep_finding(session, at=clock.now(), verification_id=verification_id, finding=finding)
    for words in finding.wrong:
        log.critical("the audit log was tampered with: %s", words)
    return len(finding.wrong)


def read_witness(path: Path, signer: Signer) -> dict[int, str]:
    """The signed states in the witness file, by size."""
    if not path.exists():
        return {}
    found = {}
    for note in path.read_text().split("\n\n\n"):
        checkpoint = open_checkpoint(note.strip("\n") + "\n", signer.verifier_key)
        if checkpoint is not None:
            found[checkpoint.size] = note.strip("\n") + "\n"
    return found


def _witness(path: Path, note: str) -> bool:
    """Append the note unless it is the last one there; on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text().endswith(note + "\n\n"):
        return False
    with path.open("a") as file:
        file.write(note + "\n\n")
        file.flush()
        os.fsync(file.fileno())
    return True
