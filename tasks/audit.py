"""The keeper of the audit log: gives new entries their places, signs, and checks when asked."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from pathlib import Path

from core import audit_proofs, clock
from core.audit_health import ask_for_verification, is_tampered, keep_finding, take_verification
from core.audit_keeping import append_witness, find_witnessed, read_witness
from core.audit_log import KEEPER, ForkedLog, append_new, sign_checkpoint
from core.audit_verification import verify_log
from core.db import Database
from core.notes import Signer

log = logging.getLogger(__name__)

BATCH = 2000


def append(database: Database) -> int:
    """Give all committed entries their places; returns how many."""
    total = 0
    while True:
        with database.transaction() as session:
            count = append_new(session, at=clock.now(), most=BATCH)
        total += count
        if count < BATCH:
            return total


def sign(database: Database, *, at: datetime, signer: Signer, witness: Path) -> str | None:
    """Sign the log as it is and bring the witness file up to it; returns the note of the newest state.

    A log that is not what was signed before is not signed over: that is said in the log at every try, and a check of
    the whole log is asked for, which says where.
    """
    witnessed = find_witnessed(witness, signer)
    try:
        with database.transaction() as session:
            note = sign_checkpoint(session, at=at, signer=signer, witnessed=witnessed)
    except ForkedLog as fork:
        log.critical("%s Nothing is signed any more. See docs/runbooks/audit-log-tampered.md.", fork)
        with database.transaction() as session:
            if not is_tampered(session.connection()):
                ask_for_verification(session, actor=KEEPER, at=at)
        return None
    # All of them: receipts sign too, and a crash may have come between signing and writing here.
    with database.reading() as reader:
        fresh = audit_proofs.list_notes(reader, after=0 if witnessed is None else witnessed.size)
    if fresh:
        append_witness(witness, fresh)
    return note


class Checker:
    """Does the checks of the whole log that were asked for, one at a time, in a thread of its own.

    A check of a long log takes minutes; orders must not wait for it. One that a crash cut short is begun anew.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def begin_if_asked(self, database: Database, *, signer: Signer, witness: Path) -> threading.Thread | None:
        """Begin the check that was asked for first; returns the thread that does it, or None when there is none."""
        if self._thread is not None and self._thread.is_alive():
            return None
        with database.transaction() as session:
            asked = take_verification(session, at=clock.now())
        if asked is None:
            return None
        self._thread = threading.Thread(target=_check, args=(database, asked, signer, witness), daemon=True)
        self._thread.start()
        return self._thread


def _check(database: Database, verification_id: int, signer: Signer, witness: Path) -> None:
    try:
        with database.reading() as reader:
            finding = verify_log(reader, verifier_key=signer.verifier_key, witness=read_witness(witness, signer))
        with database.transaction() as session:
            keep_finding(session, at=clock.now(), verification_id=verification_id, finding=finding)
        for words in finding.wrong:
            log.critical("the audit log was tampered with: %s", words)
    except Exception:
        log.exception("the check of the audit log did not finish; it is begun anew")
