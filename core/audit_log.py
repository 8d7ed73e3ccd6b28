"""The audit table as a Merkle log: each entry gets a place that nobody can change unseen.

Entries are written in the transactions of what they tell, many at a time. Afterwards one sequencer gives each a
position, in the order of (txid, id), short of the oldest transaction still running: gap-free, each once. Its leaf is
the hash of the whole entry, chained to the one before and grown into a Merkle tree (docs/decisions/0021).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.audit import AuditEntry
from core.db import Base, Reader, Writer, take_transaction_lock
from core.merkle import Node, chain_hash, extend, find_frontier, find_needed, leaf_hash, subtree_root
from core.notes import Checkpoint, Signer

FIRST_LINK = bytes(32)
FORMAT = 1


class AuditLeaf(Base):
    """The place of one entry in the log. Append-only."""

    __tablename__ = "audit_leaves"

    position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    entry_txid: Mapped[int] = mapped_column(sa.BigInteger)
    leaf: Mapped[bytes] = mapped_column(sa.LargeBinary)
    chain: Mapped[bytes] = mapped_column(sa.LargeBinary)


class AuditNode(Base):
    """One complete subtree above the leaves. Append-only."""

    __tablename__ = "audit_nodes"

    level: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary)


class AuditCheckpoint(Base):
    """A signed state of the log. Append-only."""

    __tablename__ = "audit_checkpoints"

    size: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    root: Mapped[bytes] = mapped_column(sa.LargeBinary)
    note: Mapped[str] = mapped_column(sa.Text)


class ForkedLog(Exception):
    """The log is not what was signed before: it was changed or cut. Nothing is signed any more."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The end of the log: how many entries, the last link of the chain, and the place of the last entry."""

    size: int
    chain: bytes
    txid: int
    entry_id: int


_ENTRY = AuditEntry.__table__.c
ENTRY_FIELDS = ("id", "at", "actor_kind", "actor_id", "actor_name", "action", "subject_kind", "subject_id", "detail")


def canonical(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as it is hashed and handed out: moments in UTC with microseconds, nothing left out."""
    moment: datetime = entry["at"]
    plain = {name: entry[name] for name in ENTRY_FIELDS}
    return plain | {"v": FORMAT, "at": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def content_of(plain: Mapping[str, Any]) -> bytes:
    """The bytes of an entry in canonical form: JSON with sorted names and no spaces, as Python's json writes it."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def append_new(session: Writer, *, most: int = 2000) -> int:
    """Give the next entries their positions, at most so many; returns how many. One at a time does this."""
    take_transaction_lock(session, "audit-log")
    tip = read_tip(session.connection())
    entries = _read_new(session, tip, most)
    if not entries:
        return 0
    leaves = [leaf_hash(content_of(canonical(entry))) for entry in entries]
    rows, chain = [], tip.chain
    for number, (entry, leaf) in enumerate(zip(entries, leaves, strict=True)):
        chain = chain_hash(chain, leaf)
        rows.append(
            {
                "position": tip.size + number,
                "entry_id": entry["id"],
                "entry_txid": entry["txid"],
                "leaf": leaf,
                "chain": chain,
            }
        )
    frontier = read_nodes(session.connection(), find_frontier(tip.size))
    nodes = extend(tip.size, frontier, leaves)
    session.execute(sa.insert(AuditLeaf), rows)
    inner = [{"level": lv, "index": ix, "hash": value} for (lv, ix), value in nodes.items() if lv]
    if inner:
        session.execute(sa.insert(AuditNode), inner)
    return len(rows)


def sign_checkpoint(session: Writer, *, at: datetime, signer: Signer) -> str | None:
    """Sign the log as it is, unless that is done; returns the note, or None for an empty log.

    What was signed before must be the beginning of it. Raises ForkedLog when it is not.
    """
    take_transaction_lock(session, "audit-log")
    reader = session.connection()
    size = read_tip(reader).size
    last = session.scalars(sa.select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).first()
    if last is not None:
        if last.size > size or root_at(reader, last.size) != last.root:
            raise ForkedLog(f"The audit log is not what was signed at {last.size} entries, {last.at:%Y-%m-%d %H:%M}.")
        if last.size == size:
            return last.note
    if size == 0:
        return None
    root = root_at(reader, size)
    note = signer.sign(Checkpoint(signer.name, size, root))
    session.add(AuditCheckpoint(size=size, at=at, root=root, note=note))
    session.flush()
    return note


def read_tip(reader: Reader) -> Tip:
    """The end of the log."""
    leaf = AuditLeaf.__table__.c
    query = sa.select(leaf.position, leaf.chain, leaf.entry_txid, leaf.entry_id).order_by(leaf.position.desc()).limit(1)
    row = reader.execute(query).one_or_none()
    return Tip(0, FIRST_LINK, 0, 0) if row is None else Tip(row[0] + 1, row[1], row[2], row[3])


def root_at(reader: Reader, size: int) -> bytes:
    """The root over the first `size` entries."""
    nodes = read_nodes(reader, find_needed(lambda node: subtree_root(0, size, node)))
    return subtree_root(0, size, lambda level, index: nodes[level, index])


def read_nodes(reader: Reader, wanted: Iterable[Node]) -> dict[Node, bytes]:
    """These nodes, leaves among them, in two queries. Raises ForkedLog when one is missing."""
    names = set(wanted)
    leaf, inner = AuditLeaf.__table__.c, AuditNode.__table__.c
    found: dict[Node, bytes] = {}
    positions = [index for level, index in names if level == 0]
    if positions:
        rows = reader.execute(sa.select(leaf.position, leaf.leaf).where(leaf.position.in_(positions)))
        found.update({(0, position): value for position, value in rows})
    above = [name for name in names if name[0]]
    if above:
        rows = reader.execute(
            sa.select(inner.level, inner["index"].label("place"), inner.hash).where(
                sa.tuple_(inner.level, inner["index"]).in_(above)
            )
        )
        found.update({(row.level, row.place): row.hash for row in rows})
    if missing := names - found.keys():
        raise ForkedLog(f"The audit log lacks {len(missing)} of its nodes: rows were taken out of it.")
    return found


def _read_new(session: Writer, tip: Tip, most: int) -> Sequence[Mapping[str, Any]]:
    place = sa.tuple_(_ENTRY.txid, _ENTRY.id)
    horizon = sa.text("(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")
    query = (
        sa.select(_ENTRY.txid, *[_ENTRY[name] for name in ENTRY_FIELDS])
        .where(place > sa.tuple_(tip.txid, tip.entry_id), _ENTRY.txid < horizon)
        .order_by(_ENTRY.txid, _ENTRY.id)
        .limit(most)
    )
    return [dict(row) for row in session.execute(query).mappings()]
