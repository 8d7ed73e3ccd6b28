"""The audit table as a Merkle log: each entry gets a place that nobody can change unseen.

Entries are written in the transactions of what they tell, many at a time. Afterwards one sequencer gives each a
position, in the order of (txid, id), short of the oldest transaction still running: gap-free, each once. Its leaf is
the hash of the whole entry, chained to the one before and grown into a Merkle tree (docs/decisions/0021).

Numbers of transactions begin anew when a dump is restored into another cluster. The sequencer sees that the last
place has a number that is still to come, places what was left over, and writes the entry `audit.restored`: the order
counts from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.audit import AuditEntry, record
from core.db import Base, Reader, Writer, take_transaction_lock
from core.merkle import Node, chain_hash, extend, find_frontier, find_needed, leaf_hash, subtree_root
from core.notes import Checkpoint, Signer
from core.permissions import system

FIRST_LINK = bytes(32)
FORMAT = 1
LOG = ("audit", "log")
RESTORED = "audit.restored"
KEEPER = system("audit log", "audit:read")


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
    """The end of the log: how many entries, the last link of the chain, and the place of the last entry.

    `since` is the entry after which numbers of transactions count: 0, or the last `audit.restored`.
    """

    size: int
    chain: bytes
    txid: int
    entry_id: int
    since: int


_ENTRY = AuditEntry.__table__.c
ENTRY_FIELDS = ("id", "at", "actor_kind", "actor_id", "actor_name", "action", "subject_kind", "subject_id", "detail")
# The detail as text: whoever checks an export reads its numbers by Python's json, and so must we.
ENTRY_COLUMNS = [_ENTRY[name] for name in ENTRY_FIELDS[:-1]] + [sa.cast(_ENTRY.detail, sa.Text).label("detail")]


def canonical(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry read by `ENTRY_COLUMNS`, as it is hashed and handed out: moments in UTC with microseconds, nothing left
    out. Raises ValueError when the detail holds what Python's json does not read.
    """
    moment: datetime = entry["at"]
    plain = {name: entry[name] for name in ENTRY_FIELDS}
    return plain | {
        "v": FORMAT,
        "at": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "detail": json.loads(entry["detail"]),
    }


def content_of(plain: Mapping[str, Any]) -> bytes:
    """The bytes of an entry in canonical form: JSON with sorted names and no spaces, as Python's json writes it."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def append_new(session: Writer, *, at: datetime, most: int = 2000) -> int:
    """Give the next entries their positions, about `most` at a time; returns how many. One at a time does this."""
    take_transaction_lock(session, "audit-log")
    tip = read_tip(session.connection())
    if _was_restored(session, tip):
        return _begin_anew(session, tip, at=at)
    return _append(session, tip, _read_new(session, tip, most))


def _append(session: Writer, tip: Tip, entries: Sequence[Mapping[str, Any]]) -> int:
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


def sign_checkpoint(
    session: Writer, *, at: datetime, signer: Signer, witnessed: Checkpoint | None = None
) -> str | None:
    """Sign the log as it is, unless that is done; returns the note, or None for an empty log.

    What was signed before must be the beginning of it: the last state in the database, and `witnessed`, the last one
    that is kept beside it, which whoever rewrites the database does not reach. Raises ForkedLog when it is not.
    """
    take_transaction_lock(session, "audit-log")
    reader = session.connection()
    size = read_tip(reader).size
    if witnessed is not None:
        _check_signed(reader, size, witnessed.size, witnessed.root)
    last = session.scalars(sa.select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).first()
    if last is not None:
        _check_signed(reader, size, last.size, last.root)
        if last.size == size:
            return last.note
    if size == 0:
        return None
    root = root_at(reader, size)
    note = signer.sign(Checkpoint(signer.name, size, root))
    session.add(AuditCheckpoint(size=size, at=at, root=root, note=note))
    session.flush()
    return note


def _check_signed(reader: Reader, size: int, signed_size: int, signed_root: bytes) -> None:
    if signed_size > size or root_at(reader, signed_size) != signed_root:
        raise ForkedLog(f"The audit log is not what was signed at {signed_size} entries.")


def read_tip(reader: Reader) -> Tip:
    """The end of the log."""
    leaf = AuditLeaf.__table__.c
    since = sa.select(_ENTRY.id).where(_ENTRY.subject_kind == LOG[0], _ENTRY.subject_id == LOG[1])
    since = since.where(_ENTRY.action == RESTORED).order_by(_ENTRY.id.desc()).limit(1)
    query = (
        sa.select(
            leaf.position, leaf.chain, leaf.entry_txid, leaf.entry_id, sa.func.coalesce(since.scalar_subquery(), 0)
        )
        .order_by(leaf.position.desc())
        .limit(1)
    )
    row = reader.execute(query).one_or_none()
    return Tip(0, FIRST_LINK, 0, 0, 0) if row is None else Tip(row[0] + 1, row[1], row[2], row[3], row[4])


def is_ahead(tip: Tip) -> sa.ColumnElement[bool]:
    """The entries that stand after the end of the log."""
    return sa.and_(sa.tuple_(_ENTRY.txid, _ENTRY.id) > sa.tuple_(tip.txid, tip.entry_id), _ENTRY.id > tip.since)


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
    horizon = sa.text("(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")
    query = (
        sa.select(_ENTRY.txid, *ENTRY_COLUMNS)
        .where(is_ahead(tip), _ENTRY.txid < horizon)
        .order_by(_ENTRY.txid, _ENTRY.id)
        .limit(most)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def _was_restored(session: Writer, tip: Tip) -> bool:
    """Whether the last place belongs to a transaction that this cluster has not begun yet."""
    ahead = sa.text("SELECT :txid >= (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint")
    return bool(session.scalar(ahead, {"txid": tip.txid}))


def _begin_anew(session: Writer, tip: Tip, *, at: datetime) -> int:
    """Place what was left over from before the restore, and the entry that tells of it as the last.

    Nobody may write an entry meanwhile: all that are there are seen, and all that come have higher ids.
    """
    session.execute(sa.text("LOCK TABLE audit_entries IN SHARE ROW EXCLUSIVE MODE"))
    record(session, actor=KEEPER, at=at, action=RESTORED, subject=LOG, entries=tip.size)
    query = (
        sa.select(sa.literal(0).label("txid"), *ENTRY_COLUMNS)
        .where(~sa.exists().where(AuditLeaf.__table__.c.entry_id == _ENTRY.id))
        .order_by(_ENTRY.id)
    )
    return _append(session, tip, [dict(row) for row in session.execute(query).mappings()])
