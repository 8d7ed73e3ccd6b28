"""Checking the whole audit log against itself and against what was signed, and where it was tampered with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.audit import AuditEntry
from core.audit_log import (
    ENTRY_FIELDS,
    FIRST_LINK,
    AuditCheckpoint,
    AuditLeaf,
    AuditNode,
    canonical,
    content_of,
    read_tip,
)
from core.db import Base, Reader, Writer
from core.merkle import GrowingRoot, chain_hash, leaf_hash
from core.notes import open_checkpoint
from core.permissions import Actor

BATCH = 2000
MOST_FINDINGS = 100
_ENTRY, _LEAF, _NODE = AuditEntry.__table__.c, AuditLeaf.__table__.c, AuditNode.__table__.c


class AuditVerification(Base):
    """One check of the whole log: who asked for it, and what was found (nothing: an empty list)."""

    __tablename__ = "audit_verifications"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    asked_by: Mapped[str] = mapped_column(sa.Text)
    asked_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    began_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    entries: Mapped[int | None] = mapped_column(sa.BigInteger)
    findings: Mapped[list[str] | None] = mapped_column(JSONB)


@dataclass
class Finding:
    """What a check of the log found: how many entries it read, and what is wrong, at most a hundred of it."""

    entries: int = 0
    wrong: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        """One more thing that is wrong."""
        if len(self.wrong) < MOST_FINDINGS:
            self.wrong.append(words)


def verify_log(reader: Reader, *, verifier_key: str, witness: dict[int, str] | None = None) -> Finding:
    """Read every entry and work everything out anew: leaves, chain, tree, signatures.

    `witness` are signed states kept elsewhere, by size: what a log that was rewritten from end to end cannot match.
    """
    finding, growing, link = Finding(), GrowingRoot(), FIRST_LINK
    notes = _read_notes(reader) | (witness or {})
    for row in _read_all(reader):
        position = row["position"]
        if position != growing.size:
            finding.note(f"Positions {growing.size} to {position - 1} were taken out of the log.")
            break
        _check_entry(row, finding)
        link = chain_hash(link, row["leaf"])
        if link != row["chain"]:
            finding.note(f"Position {position}: the chain breaks here; a leaf at or before it was changed.")
            link = row["chain"]
        growing.add(row["leaf"])
        finding.entries += 1
        if growing.size in notes:
            _check_note(notes.pop(growing.size), growing, verifier_key, finding)
    for size in notes:
        finding.note(f"A state of {size} entries was signed, and the log has only {growing.size}: its end is missing.")
    _check_strangers(reader, finding)
    _check_nodes(reader, growing.size, finding)
    return finding


def ask_for_verification(session: Writer, *, actor: Actor, at: datetime) -> int:
    """Ask for a check of the whole log, which the scheduler does; one that waits is enough. Needs audit:read."""
    actor.require("audit:read")
    waiting = session.scalar(sa.select(AuditVerification.id).where(AuditVerification.ended_at.is_(None)).limit(1))
    if waiting is not None:
        return waiting
    asked = AuditVerification(asked_by=actor.name, asked_at=at)
    session.add(asked)
    session.flush()
    return asked.id


def take_verification(session: Writer, *, at: datetime) -> int | None:
    """The check that was asked for first and is not done, for whoever does it now; None when there is none."""
    asked = session.scalars(
        sa.select(AuditVerification)
        .where(AuditVerification.ended_at.is_(None))
        .order_by(AuditVerification.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if asked is None:
        return None
    asked.began_at = at
    return asked.id


def keep_finding(session: Writer, *, at: datetime, verification_id: int, finding: Finding) -> None:
    """Keep what a check found."""
    done = session.get_one(AuditVerification, verification_id)
    done.ended_at, done.entries, done.findings = at, finding.entries, finding.wrong


def list_verifications(reader: Reader, *, viewer: Actor, most: int = 10) -> list[dict[str, Any]]:
    """The last checks, newest first. Needs audit:read."""
    viewer.require("audit:read")
    query = sa.select(*AuditVerification.__table__.c).order_by(AuditVerification.id.desc()).limit(most)
    return [dict(row) for row in reader.execute(query).mappings()]


def read_health(reader: Reader, *, viewer: Actor) -> dict[str, Any]:
    """How the log stands: entries with a place, entries that wait for one, the last signed state. Needs audit:read."""
    viewer.require("audit:read")
    tip = read_tip(reader)
    place = sa.tuple_(_ENTRY.txid, _ENTRY.id)
    waiting = reader.execute(sa.select(sa.func.count()).where(place > sa.tuple_(tip.txid, tip.entry_id))).scalar_one()
    last = reader.execute(
        sa.select(AuditCheckpoint.size, AuditCheckpoint.at, AuditCheckpoint.note)
        .order_by(AuditCheckpoint.size.desc())
        .limit(1)
    ).one_or_none()
    return {"size": tip.size, "waiting": waiting, "checkpoint": last}


def _check_entry(row: dict[str, Any], finding: Finding) -> None:
    where = f"Position {row['position']} (entry {row['entry_id']})"
    if row["id"] is None:
        finding.note(f"{where}: the entry was deleted.")
    elif leaf_hash(content_of(canonical(row))) != row["leaf"]:
        finding.note(f"{where}: the entry is not what was logged; it, or its leaf, was changed.")


def _check_note(note: str, growing: GrowingRoot, verifier_key: str, finding: Finding) -> None:
    checkpoint = open_checkpoint(note, verifier_key)
    if checkpoint is None:
        finding.note(f"The state signed at {growing.size} entries does not bear our signature.")
    elif checkpoint.root != growing.root:
        finding.note(f"The log was rewritten: it is not what was signed at {growing.size} entries.")


def _check_strangers(reader: Reader, finding: Finding) -> None:
    """Entries that are older than the log's end and have no place in it were put in afterwards."""
    tip = read_tip(reader)
    place = sa.tuple_(_ENTRY.txid, _ENTRY.id)
    query = (
        sa.select(_ENTRY.id)
        .select_from(sa.outerjoin(AuditEntry.__table__, AuditLeaf.__table__, _LEAF.entry_id == _ENTRY.id))
        .where(_LEAF.position.is_(None), place <= sa.tuple_(tip.txid, tip.entry_id))
        .order_by(_ENTRY.id)
        .limit(MOST_FINDINGS)
    )
    for entry_id in reader.execute(query).scalars():
        finding.note(f"Entry {entry_id} is in the table and not in the log: it was put in afterwards.")


def _check_nodes(reader: Reader, size: int, finding: Finding) -> None:
    """Nodes that proofs are made of: as many as the tree has. What they say is checked by whoever gets a proof."""
    expected = sum(size >> level for level in range(1, size.bit_length()))
    found = reader.execute(sa.select(sa.func.count()).select_from(AuditNode)).scalar_one()
    if found != expected:
        finding.note(f"The tree has {found} inner nodes and should have {expected}: receipts cannot be relied on.")


def _read_notes(reader: Reader) -> dict[int, str]:
    rows = reader.execute(sa.select(AuditCheckpoint.size, AuditCheckpoint.note))
    return {row.size: row.note for row in rows}


def _read_all(reader: Reader) -> Iterator[dict[str, Any]]:
    after = -1
    while True:
        query = (
            sa.select(_LEAF.position, _LEAF.entry_id, _LEAF.leaf, _LEAF.chain, *[_ENTRY[name] for name in ENTRY_FIELDS])
            .select_from(sa.outerjoin(AuditLeaf.__table__, AuditEntry.__table__, _LEAF.entry_id == _ENTRY.id))
            .where(_LEAF.position > after)
            .order_by(_LEAF.position)
            .limit(BATCH)
        )
        rows = [dict(row) for row in reader.execute(query).mappings()]
        if not rows:
            return
        yield from rows
        after = rows[-1]["position"]
