"""Checking the whole audit log against itself and against what was signed, and where it was tampered with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from core.audit import AuditEntry
from core.audit_log import (
    ENTRY_COLUMNS,
    FIRST_LINK,
    AuditCheckpoint,
    AuditLeaf,
    AuditNode,
    Tip,
    canonical,
    content_of,
    is_ahead,
    read_tip,
)
from core.db import Reader
from core.merkle import GrowingRoot, chain_hash, leaf_hash, node_hash
from core.notes import open_checkpoint

BATCH = 2000
NODES = 20_000
MOST_FINDINGS = 100
_ENTRY, _LEAF, _NODE = AuditEntry.__table__.c, AuditLeaf.__table__.c, AuditNode.__table__.c


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
    """Read every entry and work everything out anew: leaves, chain, tree, signatures; to the end, whatever is found.

    `witness` are signed states kept elsewhere, by size: what a log that was rewritten from end to end cannot match.
    The log grows meanwhile; what is checked is what it was when this began.
    """
    finding, growing, link = Finding(), GrowingRoot(), FIRST_LINK
    signed = _read_signed(reader, verifier_key, witness or {}, finding)
    tip = read_tip(reader)
    expected = 0
    for row in _read_all(reader, tip.size):
        position = row["position"]
        if position != expected:
            finding.note(f"Positions {expected} to {position - 1} were taken out of the log.")
        _check_entry(row, finding)
        link = chain_hash(link, row["leaf"])
        if link != row["chain"]:
            finding.note(f"Position {position}: the chain breaks here; this leaf or the one before it was changed.")
            link = row["chain"]
        growing.add(row["leaf"])
        finding.entries += 1
        expected = position + 1
        # A tree from which leaves are missing has no root to compare; that they are missing has been said.
        if growing.size == expected:
            _check_root(signed, growing, finding)
    for size in sorted(size for size in signed if size > tip.size):
        finding.note(f"A state of {size} entries was signed, and the log has only {tip.size}: its end is missing.")
    _check_strangers(reader, tip, finding)
    _check_nodes(reader, finding)
    return finding


def _check_entry(row: dict[str, Any], finding: Finding) -> None:
    where = f"Position {row['position']} (entry {row['entry_id']})"
    if row["id"] is None:
        finding.note(f"{where}: the entry was deleted.")
    elif _hash_or_none(row) != row["leaf"]:
        finding.note(f"{where}: the entry is not what was logged; it, or its leaf, was changed.")


def _hash_or_none(row: dict[str, Any]) -> bytes | None:
    try:
        return leaf_hash(content_of(canonical(row)))
    except ValueError:  # numbers longer than Python reads: not written by us
        return None


def _check_root(signed: dict[int, set[bytes]], growing: GrowingRoot, finding: Finding) -> None:
    roots = signed.pop(growing.size, set())
    if roots - {growing.root}:
        finding.note(
            f"The log is not what was signed at {growing.size} entries:"
            f" something at or before position {growing.size - 1} was rewritten."
        )


def _check_strangers(reader: Reader, tip: Tip, finding: Finding) -> None:
    """Entries that are older than the log's end and have no place in it were put in afterwards."""
    query = (
        sa.select(_ENTRY.id)
        .select_from(sa.outerjoin(AuditEntry.__table__, AuditLeaf.__table__, _LEAF.entry_id == _ENTRY.id))
        .where(_LEAF.position.is_(None), ~is_ahead(tip))
        .order_by(_ENTRY.id)
        .limit(MOST_FINDINGS)
    )
    for entry_id in reader.execute(query).scalars():
        finding.note(f"Entry {entry_id} is in the table and not in the log: it, or its place, was tampered with.")


_COUNTS = sa.text("SELECT (SELECT max(position) + 1 FROM audit_leaves), (SELECT count(*) FROM audit_nodes)")


def _check_nodes(reader: Reader, finding: Finding) -> None:
    """The nodes that proofs are made of: each is what those below it make, and there are no others."""
    size, count = reader.execute(_COUNTS).one()
    size = size or 0
    expected = sum(size >> level for level in range(1, size.bit_length()))
    if count > expected:
        finding.note(f"The tree has {count} inner nodes and should have {expected}: some were put in.")
    for level in range(1, size.bit_length()):
        for first in range(0, size >> level, NODES):
            past = min(first + NODES, size >> level)
            for index in _find_wrong_nodes(reader, level, first, past):
                low, high = index << level, (index + 1 << level) - 1
                finding.note(
                    f"Positions {low} to {high}: the node of the tree over them is missing, or is not what they make."
                )


def _find_wrong_nodes(reader: Reader, level: int, first: int, past: int) -> list[int]:
    """Each node against the two below it, so that a wrong one is named and not all above it."""
    nodes, below = _read_level(reader, level, first, past), _read_level(reader, level - 1, 2 * first, 2 * past)
    return [
        index
        for index in range(first, past)
        if nodes.get(index) != node_hash(below.get(2 * index, b""), below.get(2 * index + 1, b""))
    ]


def _read_level(reader: Reader, level: int, first: int, past: int) -> dict[int, bytes]:
    if level == 0:
        query = sa.select(_LEAF.position, _LEAF.leaf).where(_LEAF.position >= first, _LEAF.position < past)
    else:
        query = sa.select(_NODE["index"], _NODE.hash).where(_NODE.level == level)
        query = query.where(_NODE["index"] >= first, _NODE["index"] < past)
    return {row[0]: row[1] for row in reader.execute(query)}


def _read_signed(reader: Reader, verifier_key: str, witness: dict[int, str], finding: Finding) -> dict[int, set[bytes]]:
    """The roots that were signed, by size: those in the database, and those kept elsewhere."""
    rows = reader.execute(sa.select(AuditCheckpoint.size, AuditCheckpoint.root, AuditCheckpoint.note)).all()
    signed: dict[int, set[bytes]] = {}
    for row in rows:
        checkpoint = open_checkpoint(row.note, verifier_key)
        if checkpoint is None:
            finding.note(f"The state signed at {row.size} entries does not bear our signature.")
        elif (checkpoint.size, checkpoint.root) != (row.size, row.root):
            finding.note(f"The state signed at {row.size} entries was changed: its signature is over something else.")
        if checkpoint is not None:
            signed.setdefault(checkpoint.size, set()).add(checkpoint.root)
    for size in sorted(witness.keys() - {row.size for row in rows}):
        finding.note(f"The witness file has a state of {size} entries that is missing here.")
    for note in witness.values():
        checkpoint = open_checkpoint(note, verifier_key)
        if checkpoint is not None:
            signed.setdefault(checkpoint.size, set()).add(checkpoint.root)
    return signed


def _read_all(reader: Reader, size: int) -> Iterator[dict[str, Any]]:
    after = -1
    while True:
        query = (
            sa.select(_LEAF.position, _LEAF.entry_id, _LEAF.leaf, _LEAF.chain, *ENTRY_COLUMNS)
            .select_from(sa.outerjoin(AuditLeaf.__table__, AuditEntry.__table__, _LEAF.entry_id == _ENTRY.id))
            .where(_LEAF.position > after, _LEAF.position < size)
            .order_by(_LEAF.position)
            .limit(BATCH)
        )
        rows = [dict(row) for row in reader.execute(query).mappings()]
        if not rows:
            return
        yield from rows
        after = rows[-1]["position"]
