"""A log to be tampered with, and the verifier as a stranger runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core import audit, clock
from core.audit_keeping import read_witness
from core.audit_proofs import export_log, make_receipt
from core.audit_verification import verify_log
from core.db import Database, Reader
from core.notes import Signer
from tasks import audit as keeper
from tasks.audit import sign
from tests.conftest import ROOT
from tests.horizon import wait_until_settled

SIGNER = Signer(bytes(range(32)))
VERIFIER = Path(__file__).resolve().parent.parent.parent.parent / "docs" / "audit" / "verify.py"
TABLES = ("audit_entries", "audit_leaves", "audit_nodes", "audit_checkpoints")


def write(database: Database, at: datetime, subject: object = "7", **detail: Any) -> None:
    with database.transaction() as session:
        audit.record(session, actor=ROOT, at=at, action="access.tried", subject=("immobilization", subject), **detail)


def append(database: Database) -> int:
    """Give places to all that was committed. A transaction anywhere in the server holds later ones back, also one of
    another test beside this one, so it is waited for.
    """
    wait_until_settled(database, "audit_entries")
    return keeper.append(database)


def tamper(database: Database, *statements: str) -> None:
    """By hand, as a superuser who also knows how to skip triggers."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            connection.execute(statement)


@contextmanager
def tampered(database: Database, *statements: str) -> Iterator[Reader]:
    """The log as `tamper` leaves it, for whoever reads it here, and as it was afterwards."""
    with database.writer.connect() as connection, connection.begin() as transaction:
        for table in TABLES:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)
        yield connection
        transaction.rollback()


def verify(database: Database, witness: Path | None = None) -> list[str]:
    with database.reading() as reader:
        return verify_by(reader, witness)


def verify_by(reader: Reader, witness: Path | None = None, signer: Signer = SIGNER) -> list[str]:
    known = read_witness(witness, signer) if witness else None
    return verify_log(reader, verifier_keys=signer.verifier_keys, witness=known).wrong


def sign_now(database: Database, witness: Path) -> str | None:
    return sign(database, at=clock.now(), signer=SIGNER, witness=witness)


def receipt_of(database: Database, at: datetime) -> dict[str, Any]:
    with database.transaction() as session:
        return make_receipt(session, at=at, subject=("immobilization", "7"), signer=SIGNER)


def run_verifier(folder: Path, *arguments: str, signer: Signer = SIGNER) -> subprocess.CompletedProcess[str]:
    """In an empty folder, with nothing of ours to import."""
    alone = folder / uuid.uuid4().hex
    alone.mkdir()
    (alone / "verify.py").write_bytes(VERIFIER.read_bytes())
    (alone / "key.txt").write_text(signer.verifier_keys + "\n")
    command = [sys.executable, "-I", "verify.py", *arguments, "--key", "key.txt"]
    return subprocess.run(command, cwd=alone, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)


def export(database: Database, folder: Path) -> str:
    with database.reading() as reader:
        return export_by(reader, folder)


def export_by(reader: Reader, folder: Path) -> str:
    path = folder / f"{uuid.uuid4().hex}.ndjson"
    path.write_text("".join(export_log(reader)))
    return str(path)


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
            sign_now(database, witness)
    append(database)
    sign_now(database, witness)
    return database
