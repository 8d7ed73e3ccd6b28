"""The audit log: every entry once, receipts that stand alone, and tampering that is found and named."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core import audit, clock
from core.audit_log import ForkedLog, append_new, read_tip, sign_checkpoint
from core.audit_proofs import export_log, make_receipt, read_consistency
from core.audit_verification import verify_log
from core.db import Database
from core.merkle import is_consistent
from core.notes import Signer, open_checkpoint
from tasks.audit import append, read_witness, sign
from tests.conftest import ROOT

SIGNER = Signer(bytes(range(32)))
VERIFIER = Path(__file__).resolve().parent.parent.parent / "docs" / "audit" / "verify.py"
REPLICA = "SET session_replication_role = replica"


def write(database: Database, at: datetime, subject: object = "7", **detail: Any) -> None:
    with database.transaction() as session:
        audit.record(session, actor=ROOT, at=at, action="access.tried", subject=("immobilization", subject), **detail)


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    return tmp_path / "witness.txt"


@pytest.fixture
def log(database: Database, at: datetime, witness: Path) -> Database:
    """A log of nine entries, signed at five and at nine."""
    for number in range(9):
        write(database, at, number=number, words="Grüße", share=0.1)
        if number == 4:
            append(database)
            sign(database, at=at, signer=SIGNER, witness=witness)
    append(database)
    sign(database, at=clock.now(), signer=SIGNER, witness=witness)
    return database


def tamper(database: Database, *statements: str) -> None:
    """By hand, as a superuser who also knows how to skip triggers."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for table in ("audit_entries", "audit_leaves", "audit_nodes", "audit_checkpoints"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            connection.execute(statement)


def verify(database: Database, witness: Path | None = None) -> list[str]:
    with database.reading() as reader:
        known = read_witness(witness, SIGNER) if witness else None
        return verify_log(reader, verifier_key=SIGNER.verifier_key, witness=known).wrong


def run_verifier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In an empty folder, with nothing of ours to import."""
    alone = folder / uuid.uuid4().hex
    alone.mkdir()
    (alone / "verify.py").write_bytes(VERIFIER.read_bytes())
    (alone / "key.txt").write_text(SIGNER.verifier_key + "\n")
    command = [sys.executable, "-I", "verify.py", *arguments, "--key", "key.txt"]
    return subprocess.run(command, cwd=alone, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)


def export(database: Database, folder: Path) -> str:
    path = folder / f"{uuid.uuid4().hex}.ndjson"
    with database.reading() as reader:
        path.write_text("".join(export_log(reader)))
    return str(path)


class TestTheLog:
    def test_gives_every_entry_of_many_writers_one_place_and_no_more(self, database: Database, at: datetime) -> None:
        """Commits come in another order than ids, and two keepers give places at the same time."""
        done = threading.Event()

        def keep() -> None:
            while not done.is_set():
                append(database)

        def scribble(number: int) -> None:
            for _ in range(5):
                with database.transaction() as session:
                    audit.record(session, actor=ROOT, at=at, action="a.b", subject=("thing", number))
                    if number % 3 == 0:
                        session.connection().exec_driver_sql("SELECT pg_sleep(0.01)")

        keepers = [threading.Thread(target=keep) for _ in range(2)]
        writers = [threading.Thread(target=scribble, args=(number,)) for number in range(6)]
        for thread in [*keepers, *writers]:
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        for thread in keepers:
            thread.join()
        append(database)
        with database.reading() as reader:
            entries = reader.exec_driver_sql("SELECT count(*) FROM audit_entries").scalar_one()
            assert read_tip(reader).size == entries >= 30
        assert verify(database) == []

    def test_leaves_what_a_crash_cut_short_to_the_next_keeper(self, database: Database, at: datetime) -> None:
        write(database, at)
        with pytest.raises(RuntimeError), database.transaction() as session:
            append_new(session)
            raise RuntimeError
        assert append(database) >= 1
        assert verify(database) == []

    def test_is_as_it_was_signed_when_nobody_touched_it(self, log: Database, witness: Path) -> None:
        assert verify(log, witness) == []
        assert len(read_witness(witness, SIGNER)) == 2

    def test_proves_that_it_only_grew(self, log: Database, witness: Path) -> None:
        notes = [open_checkpoint(note, SIGNER.verifier_key) for note in read_witness(witness, SIGNER).values()]
        old, new = sorted((n for n in notes if n), key=lambda n: n.size)
        with log.reading() as reader:
            proof = [base64.b64decode(part) for part in read_consistency(reader, old=old.size, new=new.size)]
        assert is_consistent(old.size, new.size, old.root, new.root, proof)

    def test_cannot_be_changed_without_force(self, log: Database) -> None:
        for table in ("audit_entries", "audit_leaves", "audit_nodes", "audit_checkpoints"):
            with psycopg.connect(log.dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"DELETE FROM {table}")
            with psycopg.connect(log.dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(REPLICA)
                connection.execute(f"TRUNCATE {table}")


FIFTH = "id = (SELECT entry_id FROM audit_leaves WHERE position = 5)"
RENAME = "UPDATE audit_entries SET actor_name = 'Nobody' WHERE " + FIFTH
DELETE = "DELETE FROM audit_entries WHERE " + FIFTH
RENUMBER = "UPDATE audit_entries SET detail = jsonb_set(detail, '{number}', '99') WHERE " + FIFTH
PUT_IN = (
    "INSERT INTO audit_entries (at, actor_kind, actor_name, action, subject_kind, subject_id, detail, txid)"
    " SELECT at, actor_kind, 'Nobody', action, subject_kind, subject_id, detail, txid FROM audit_entries WHERE " + FIFTH
)
CASES: dict[str, tuple[list[str], str]] = {
    "a detail changed": ([RENUMBER], "Position 5"),
    "another name put in": ([RENAME], "Position 5"),
    "an entry deleted": ([DELETE], "deleted"),
    "its leaf deleted too": (
        [DELETE, "DELETE FROM audit_leaves WHERE position = 5"],
        "Positions 5 to 5 were taken out",
    ),
    "a leaf changed": (["UPDATE audit_leaves SET leaf = sha256('x') WHERE position = 5"], "Position 5"),
    "the chain changed": (["UPDATE audit_leaves SET chain = sha256('x') WHERE position = 5"], "Position 5"),
    "the end cut off": (
        [
            "DELETE FROM audit_entries WHERE id = (SELECT max(entry_id) FROM audit_leaves)",
            "DELETE FROM audit_leaves WHERE position = 8",
        ],
        "its end is missing",
    ),
    "a signature forged": (
        ["UPDATE audit_checkpoints SET note = replace(note, 'equinomix', 'equinomiX') WHERE size = 9"],
        "does not bear our signature",
    ),
}


class TestTampering:
    @pytest.mark.parametrize("case", CASES)
    def test_is_found_and_located(self, log: Database, tmp_path: Path, case: str) -> None:
        statements, words = CASES[case]
        tamper(log, *statements)
        found = verify(log)
        assert any(words in wrong for wrong in found), found
        outside = run_verifier(tmp_path, "log", export(log, tmp_path))
        assert outside.returncode in {1, 2}, outside.stdout
        if outside.returncode == 1:
            assert "WRONG" in outside.stdout

    def test_by_an_entry_put_in_afterwards_is_found(self, log: Database) -> None:
        tamper(log, PUT_IN)
        # It has the number of an old transaction, so no keeper gives it a place.
        append(log)
        assert any("put in afterwards" in wrong for wrong in verify(log))

    def test_by_writing_the_whole_log_anew_is_found_against_the_witness(
        self, log: Database, witness: Path, tmp_path: Path
    ) -> None:
        """Whoever holds database and key can make a log that fits itself; not one that fits what was kept elsewhere."""
        tamper(
            log,
            RENAME,
            "DELETE FROM audit_leaves",
            "DELETE FROM audit_nodes",
            "DELETE FROM audit_checkpoints",
        )
        append(log)
        with log.transaction() as session:
            sign_checkpoint(session, at=clock.now(), signer=SIGNER)
        assert verify(log) == []
        assert any("rewritten" in wrong for wrong in verify(log, witness))
        outside = run_verifier(tmp_path, "log", export(log, tmp_path), "--witness", str(witness))
        assert outside.returncode == 1
        assert "rewritten" in outside.stdout

    def test_is_never_signed_over(self, log: Database, at: datetime) -> None:
        tamper(log, "UPDATE audit_nodes SET hash = sha256('x') WHERE level = 3")
        write(log, at)
        append(log)
        with pytest.raises(ForkedLog, match="not what was signed"), log.transaction() as session:
            sign_checkpoint(session, at=at, signer=SIGNER)


class TestAReceipt:
    @pytest.fixture
    def receipt(self, log: Database, at: datetime) -> Callable[[], dict[str, Any]]:
        write(log, at, subject="other", words="of another order")

        def make() -> dict[str, Any]:
            with log.transaction() as session:
                return make_receipt(session, at=at, subject=("immobilization", "7"), signer=SIGNER)

        return make

    def test_verifies_with_nothing_but_the_verifier_and_the_key(
        self, receipt: Callable[[], dict[str, Any]], tmp_path: Path
    ) -> None:
        made = receipt()
        assert len(made["entries"]) == 9
        path = tmp_path / "receipt.json"
        path.write_text(json.dumps(made))
        answer = run_verifier(tmp_path, "receipt", str(path))
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert "All of it is as it was signed." in answer.stdout

    def test_does_not_once_a_letter_of_it_was_changed(
        self, receipt: Callable[[], dict[str, Any]], tmp_path: Path
    ) -> None:
        made = receipt()
        made["entries"][3]["entry"]["actor_name"] = "Nobody"
        path = tmp_path / "receipt.json"
        path.write_text(json.dumps(made))
        answer = run_verifier(tmp_path, "receipt", str(path))
        assert answer.returncode == 1
        assert "(position" in answer.stdout

    def test_does_not_by_another_key(self, receipt: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
        made = receipt()
        made["checkpoint"] = made["checkpoint"].replace("\u2014", "-")
        path = tmp_path / "receipt.json"
        path.write_text(json.dumps(made))
        assert run_verifier(tmp_path, "receipt", str(path)).returncode == 1
