"""How many entries a second get their place in the audit log, beside how many are written.

    .venv/bin/python -m infra.bench.audit [--entries 20000]

Written as the product does, one transaction for each, which waits for the disk; and many in one transaction, which is
the least a row costs. Then they get their places, the log is signed, a receipt is made of it, and all of it is checked.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import audit, clock
from core.audit_proofs import make_receipt
from core.audit_verification import verify_log
from core.db import Database, Writer
from core.notes import Signer
from infra.bench.result import record
from infra.bench.stand import ACTOR, standing
from infra.errors import CannotStart
from tasks.audit import append, sign

ALONE = 1000


def main() -> None:
    """Write entries, let them get their places, check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", type=int, default=20_000)
    entries = parser.parse_args().entries
    try:
        with standing() as stand:
            database = Database(stand.dsn)
            record("audit", _measure(database, stand.config.home / "witness" / "checkpoints.txt", entries))
            database.close()
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")


def _measure(database: Database, witness: Path, entries: int) -> dict[str, Any]:
    signer = Signer(bytes(32))
    append(database)
    alone = _rate(ALONE, lambda: _write_alone(database))
    together = _rate(entries, lambda: _write_together(database, entries))
    placed = _rate(ALONE + entries, lambda: append(database))
    sign(database, at=clock.now(), signer=signer, witness=witness)
    receipt_ms = 1000 / _rate(1, lambda: _make_receipt(database, signer))
    checked = _rate(ALONE + entries, lambda: _check(database, signer))
    return {
        "entries": ALONE + entries,
        "written_alone_per_s": round(alone),
        "written_together_per_s": round(together),
        "placed_per_s": round(placed),
        "placed_in_written_alone": round(placed / alone, 1),
        "placed_in_written_together": round(placed / together, 2),
        "receipt_ms": round(receipt_ms, 1),
        "checked_per_s": round(checked),
    }


def _write_alone(database: Database) -> None:
    for number in range(ALONE):
        with database.transaction() as session:
            _write(session, number)


def _write_together(database: Database, entries: int) -> None:
    with database.transaction() as session:
        for number in range(entries):
            _write(session, ALONE + number)


def _write(session: Writer, number: int) -> None:
    audit.record(
        session,
        actor=ACTOR,
        at=clock.now(),
        action="access.immobilize_attempt_begun",
        subject=("immobilization", number // 10),
        number=number % 10,
        policy=1,
        inputs={"speed_kmh": 0.0, "age_s": 1.5, "is_stale": False, "park": "Bayview"},
    )


def _make_receipt(database: Database, signer: Signer) -> None:
    with database.transaction() as session:
        make_receipt(session, at=clock.now(), subject=("immobilization", 7), signer=signer)


def _check(database: Database, signer: Signer) -> None:
    with database.reading() as reader:
        wrong = verify_log(reader, verifier_keys=signer.verifier_keys).wrong
    if wrong:
        raise CannotStart(f"the log is not in order: {wrong[0]}")


def _rate(count: int, what: Callable[[], object]) -> float:
    """How many a second."""
    began = time.perf_counter()
    what()
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
