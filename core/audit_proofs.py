"""What is handed out of the audit log: receipts that prove entries, and the whole log for whoever wants to check it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.audit import AuditEntry
from core.audit_log import ENTRY_FIELDS, AuditCheckpoint, AuditLeaf, append_new, canonical, read_nodes, sign_checkpoint
from core.db import Reader, Writer
from core.errors import Conflict
from core.merkle import find_needed, prove_consistency, prove_inclusion
from core.notes import Signer

RECEIPT = "equinomix-receipt-1"
BATCH = 1000
_ENTRY, _LEAF = AuditEntry.__table__.c, AuditLeaf.__table__.c


def make_receipt(session: Writer, *, at: datetime, subject: tuple[str, object], signer: Signer) -> dict[str, Any]:
    """Every entry about `subject`, each with its place and the proof that it is in the log, and the signed state of
    the log that they are proved against. What was written just now is given its place first.

    Raises Conflict when there is nothing about it yet, or something is still being written.
    """
    while append_new(session):
        pass
    note = sign_checkpoint(session, at=at, signer=signer)
    reader = session.connection()
    rows = _read_subject(reader, subject)
    if note is None or not rows:
        raise Conflict("There is no entry about it in the audit log yet. Try again in a few seconds.")
    if any(row["position"] is None for row in rows):
        raise Conflict("An entry about it is being written just now. Try again in a few seconds.")
    size = int(note.splitlines()[1])
    needed = find_needed(lambda node: [prove_inclusion(row["position"], size, node) for row in rows])
    nodes = read_nodes(reader, needed)
    return {
        "format": RECEIPT,
        "subject": [subject[0], str(subject[1])],
        "made_at": at.isoformat(),
        "entries": [
            {
                "position": row["position"],
                "entry": canonical(row),
                "proof": [_text(part) for part in prove_inclusion(row["position"], size, lambda lv, ix: nodes[lv, ix])],
            }
            for row in rows
        ],
        "checkpoint": note,
        "key": signer.verifier_key,
    }


def read_consistency(reader: Reader, *, old: int, new: int) -> list[str]:
    """The proof that the log of `new` entries begins with the log of `old`, in base64."""
    nodes = read_nodes(reader, find_needed(lambda node: prove_consistency(old, new, node)))
    return [_text(part) for part in prove_consistency(old, new, lambda level, index: nodes[level, index])]


def list_notes(reader: Reader, *, after: int = 0, most: int = 10_000) -> list[str]:
    """The signed states of the log, oldest first, from more than `after` entries on."""
    query = sa.select(AuditCheckpoint.note).where(AuditCheckpoint.size > after).order_by(AuditCheckpoint.size)
    return list(reader.execute(query.limit(most)).scalars())


def find_last_note(reader: Reader) -> str | None:
    """The newest signed state of the log, or None before the first."""
    query = sa.select(AuditCheckpoint.note).order_by(AuditCheckpoint.size.desc()).limit(1)
    return reader.execute(query).scalar()


def export_log(reader: Reader) -> Iterator[str]:
    """The whole log as lines of JSON: the entries in their order with their leaves, then the signed states."""
    position = -1
    while rows := _read_batch(reader, position):
        for row in rows:
            position = row["position"]
            line = {"position": position, "leaf": _text(row["leaf"]), "chain": _text(row["chain"])}
            yield json.dumps(line | {"entry": None if row["id"] is None else canonical(row)}, ensure_ascii=False) + "\n"
    for note in list_notes(reader, most=10_000_000):
        yield json.dumps({"checkpoint": note}, ensure_ascii=False) + "\n"


def _read_subject(reader: Reader, subject: tuple[str, object]) -> list[dict[str, Any]]:
    query = (
        sa.select(_LEAF.position, *[_ENTRY[name] for name in ENTRY_FIELDS])
        .select_from(sa.outerjoin(AuditEntry.__table__, AuditLeaf.__table__, _LEAF.entry_id == _ENTRY.id))
        .where(_ENTRY.subject_kind == subject[0], _ENTRY.subject_id == str(subject[1]))
        .order_by(_LEAF.position)
    )
    return [dict(row) for row in reader.execute(query).mappings()]


def _read_batch(reader: Reader, after: int) -> list[dict[str, Any]]:
    query = (
        sa.select(_LEAF.position, _LEAF.leaf, _LEAF.chain, *[_ENTRY[name] for name in ENTRY_FIELDS])
        .select_from(sa.outerjoin(AuditLeaf.__table__, AuditEntry.__table__, _LEAF.entry_id == _ENTRY.id))
        .where(_LEAF.position > after)
        .order_by(_LEAF.position)
        .limit(BATCH)
    )
    return [dict(row) for row in reader.execute(query).mappings()]


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
