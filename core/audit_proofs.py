"""What is handed out of the audit log: receipts that prove entries, and the whole log for whoever wants to check it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.audit import AuditEntry
from core.audit_log import (
    ENTRY_COLUMNS,
    AuditCheckpoint,
    AuditLeaf,
    ForkedLog,
    append_new,
    canonical,
    read_nodes,
    read_tip,
    sign_checkpoint,
)
from core.db import Reader, Writer
from core.errors import Conflict, NotFound
from core.merkle import find_needed, prove_consistency, prove_inclusion
from core.notes import Checkpoint, Signer
from core.permissions import Actor

RECEIPT, CONSISTENCY = "equinomix-receipt-1", "equinomix-consistency-1"
BATCH = 1000
# So many batches a receipt places itself; what is behind by more is left to the scheduler.
MOST_BATCHES = 3
_ENTRY, _LEAF = AuditEntry.__table__.c, AuditLeaf.__table__.c


def make_receipt(
    session: Writer,
    *,
    at: datetime,
    subject: tuple[str, object],
    signer: Signer,
    witnessed: Checkpoint | None = None,
) -> dict[str, Any]:
    """Every entry about `subject`, each with its place and the proof that it is in the log, and the signed state of
    the log that they are proved against. What was written just now is given its place first.

    Raises Conflict when there is nothing about it yet, when something is still being written, and when the log is not
    what was signed before.
    """
    try:
        for _ in range(MOST_BATCHES):
            if not append_new(session, at=at):
                break
        note = sign_checkpoint(session, at=at, signer=signer, witnessed=witnessed)
    except ForkedLog as fork:
        raise Conflict(f"{fork} It proves nothing until this is cleared up: tell whoever runs the product.") from fork
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


def prove_growth(reader: Reader, *, after: int) -> dict[str, Any]:
    """What proves that the newest signed state only adds to the one of `after` entries. Raises NotFound when none of
    that size was signed.
    """
    query = sa.select(AuditCheckpoint.size, AuditCheckpoint.note).where(AuditCheckpoint.size >= after)
    old = reader.execute(query.order_by(AuditCheckpoint.size).limit(1)).one_or_none()
    new = reader.execute(query.order_by(AuditCheckpoint.size.desc()).limit(1)).one_or_none()
    if old is None or new is None or old.size != after:
        raise NotFound(f"No state of {after} entries was signed. The sizes that were are in the list of signed states.")
    nodes = read_nodes(reader, find_needed(lambda node: prove_consistency(old.size, new.size, node)))
    proof = prove_consistency(old.size, new.size, lambda level, index: nodes[level, index])
    return {"format": CONSISTENCY, "old": old.note, "new": new.note, "proof": [_text(part) for part in proof]}


def find_places(reader: Reader, *, viewer: Actor, entry_ids: list[int]) -> dict[int, tuple[int, str]]:
    """Position and leaf (in hexadecimal) of each of these entries that has one. Needs audit:read."""
    viewer.require("audit:read")
    query = sa.select(_LEAF.entry_id, _LEAF.position, _LEAF.leaf).where(_LEAF.entry_id.in_(entry_ids))
    return {row.entry_id: (row.position, row.leaf.hex()) for row in reader.execute(query)}


def list_notes(reader: Reader, *, after: int = 0, most: int = 10_000) -> list[str]:
    """The signed states of the log, oldest first, from more than `after` entries on."""
    query = sa.select(AuditCheckpoint.note).where(AuditCheckpoint.size > after).order_by(AuditCheckpoint.size)
    return list(reader.execute(query.limit(most)).scalars())


def find_last_note(reader: Reader) -> str | None:
    """The newest signed state of the log, or None before the first."""
    query = sa.select(AuditCheckpoint.note).order_by(AuditCheckpoint.size.desc()).limit(1)
    return reader.execute(query).scalar()


def export_log(reader: Reader) -> Iterator[str]:
    """The whole log as lines of JSON: the entries in their order with their leaves, then the signed states.

    The log grows meanwhile. What it was when this began is handed out: every state whose entries are in it.
    """
    signed = reader.execute(sa.select(sa.func.max(AuditCheckpoint.size))).scalar() or 0
    size = read_tip(reader).size
    position = -1
    while rows := _read_batch(reader, position, size):
        for row in rows:
            position = row["position"]
            line = {"position": position, "leaf": _text(row["leaf"]), "chain": _text(row["chain"])}
            yield json.dumps(line | {"entry": None if row["id"] is None else canonical(row)}, ensure_ascii=False) + "\n"
    last = 0
    while notes := _read_notes(reader, last, signed):
        for _, note in notes:
            yield json.dumps({"checkpoint": note}, ensure_ascii=False) + "\n"
        last = notes[-1][0]


def _read_notes(reader: Reader, after: int, most: int) -> list[tuple[int, str]]:
    query = sa.select(AuditCheckpoint.size, AuditCheckpoint.note).order_by(AuditCheckpoint.size).limit(BATCH)
    rows = reader.execute(query.where(AuditCheckpoint.size > after, AuditCheckpoint.size <= most))
    return [(row.size, row.note) for row in rows]


def _read_subject(reader: Reader, subject: tuple[str, object]) -> list[dict[str, Any]]:
    query = (
        sa.select(_LEAF.position, *ENTRY_COLUMNS)
        .select_from(sa.outerjoin(AuditEntry.__table__, AuditLeaf.__table__, _LEAF.entry_id == _ENTRY.id))
        .where(_ENTRY.subject_kind == subject[0], _ENTRY.subject_id == str(subject[1]))
        .order_by(_LEAF.position)
    )
    return [dict(row) for row in reader.execute(query).mappings()]


def _read_batch(reader: Reader, after: int, size: int) -> list[dict[str, Any]]:
    query = (
        sa.select(_LEAF.position, _LEAF.leaf, _LEAF.chain, *ENTRY_COLUMNS)
        .select_from(sa.outerjoin(AuditLeaf.__table__, AuditEntry.__table__, _LEAF.entry_id == _ENTRY.id))
        .where(_LEAF.position > after, _LEAF.position < size)
        .order_by(_LEAF.position)
        .limit(BATCH)
    )
    return [dict(row) for row in reader.execute(query).mappings()]


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
