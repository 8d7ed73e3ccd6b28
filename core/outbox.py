"""Facts: what happened, published in the transaction in which it happened, and read without gaps.

A reader's place is (txid, id). Commits do not happen in the order of ids, so a reader stops short of the
oldest transaction still running (`pg_snapshot_xmin`): what it has passed can no longer change.
`telemetry.batch_stored` comes many times a second, so the table is cut by day and dropped by day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core import partitions
from core.db import Base, Reader, Writer, driver

CHANNEL = "erp_facts"
CUT = partitions.Cut("outbox_facts", kept_days=2, written_days=2)


class OutboxFact(Base):
    """One fact: `<subsystem>.<noun>_<past participle>`, with ids only."""

    __tablename__ = "outbox_facts"
    __table_args__ = (
        sa.Index("ix_outbox_facts_place", "txid", "id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), primary_key=True)
    id: Mapped[int] = mapped_column(
        sa.BigInteger, primary_key=True, server_default=sa.text("nextval('outbox_facts_id_seq')")
    )
    txid: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("(pg_current_xact_id()::text)::bigint"))
    name: Mapped[str] = mapped_column(sa.Text)
    ids: Mapped[dict[str, Any]] = mapped_column(JSONB)


class OutboxDelivery(Base):
    """One consequence of one fact: the row that says whether the job has been done, not the queue."""

    __tablename__ = "outbox_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("fact_id", "job"),
        sa.Index("ix_outbox_deliveries_open", "next_at", postgresql_where=sa.text("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    fact_id: Mapped[int] = mapped_column(sa.BigInteger)
    fact: Mapped[str] = mapped_column(sa.Text)
    job: Mapped[str] = mapped_column(sa.Text)
    ids: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    next_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    done_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    dead_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(sa.Text)


class OutboxCursor(Base):
    """How far one reader of facts has come."""

    __tablename__ = "outbox_cursors"

    reader: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    epoch: Mapped[str] = mapped_column(sa.Text)
    txid: Mapped[int] = mapped_column(sa.BigInteger)
    fact_id: Mapped[int] = mapped_column(sa.BigInteger)


class Offset(NamedTuple):
    """A place in the stream of facts; everything at or before it has been read."""

    txid: int
    fact_id: int

    def __str__(self) -> str:
        return f"{self.txid}-{self.fact_id}"

    @classmethod
    def parse(cls, text: str) -> Offset | None:
        """The offset written by `str()`, or None when the text is not one."""
        txid, _, fact_id = text.partition("-")
        if not (txid.isdecimal() and fact_id.isdecimal()) or len(text) > 40:
            return None
        return cls(int(txid), int(fact_id))


class Fact(NamedTuple):
    """A published fact as a reader sees it."""

    offset: Offset
    name: str
    at: datetime
    ids: Mapping[str, Any]


_PUBLISH = f"""
    WITH published AS (
        INSERT INTO outbox_facts (at, name, ids) SELECT %s, %s, ids FROM unnest(%s::jsonb[]) AS told (ids)
    )
    SELECT pg_notify('{CHANNEL}', '')
"""  # noqa: S608 - our own name


def publish(session: Writer, name: str, *, at: datetime, **ids: Any) -> None:
    """Publish a fact with this transaction; readers are woken when it commits."""
    publish_each(session, name, at=at, ids=[ids])


def publish_each(session: Writer, name: str, *, at: datetime, ids: Sequence[Mapping[str, Any]]) -> None:
    """Publish a fact of this name for each of `ids`, in one statement. None: nothing is published."""
    if ids:
        driver(session.connection()).execute(_PUBLISH, (at, name, [Jsonb(one) for one in ids]))


_SINCE = sa.text("""
    SELECT txid, id, name, at, ids FROM outbox_facts
    WHERE (txid, id) > (:txid, :fact_id)
      AND txid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
      AND (CAST(:names AS text[]) IS NULL OR name = ANY(:names))
    ORDER BY txid, id LIMIT :most
""")


def read_since(reader: Reader, offset: Offset, *, names: Sequence[str] | None = None, most: int = 1000) -> list[Fact]:
    """The facts after `offset`, oldest first, none ever skipped; those called one of `names`, if given."""
    rows = reader.execute(
        _SINCE,
        {
            "txid": offset.txid,
            "fact_id": offset.fact_id,
            "names": None if names is None else list(names),
            "most": most,
        },
    )
    return [Fact(Offset(row.txid, row.id), row.name, row.at, row.ids) for row in rows]


_HEAD = sa.text("""
    SELECT s.system_identifier::text || '.' || c.timeline_id AS epoch,
           (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint - 1 AS txid
    FROM pg_control_system() s, pg_control_checkpoint() c
""")


def head(reader: Reader) -> tuple[str, Offset]:
    """The epoch of this database (it changes with a restore) and the place before which all is settled.

    Take it before reading the records themselves: a fact that commits in between is then read twice, not missed.
    """
    row = reader.execute(_HEAD).one()
    return row.epoch, Offset(row.txid, 2**63 - 1)


_HORIZON = sa.text("SELECT (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint - 1 AS txid")


def horizon(reader: Reader) -> Offset:
    """The place beyond which nothing that was read before this call can come from.

    Records are read as they are committed, a little ahead of the stream: what a row shows may be told by a fact that
    the stream still holds back. Such a fact stands at or before the horizon taken after the row was read.
    """
    return Offset(reader.execute(_HORIZON).scalar_one(), 2**63 - 1)


_OLDEST = sa.text("SELECT txid, id FROM outbox_facts ORDER BY txid, id LIMIT 1")


def is_forgotten(reader: Reader, offset: Offset) -> bool:
    """Whether facts after `offset` may already have been dropped with their day."""
    oldest = reader.execute(_OLDEST).one_or_none()
    return oldest is None or offset < (oldest.txid, oldest.id)


def make_storage(session: Writer, *, at: datetime) -> list[str]:
    """Make the partitions of facts for the days ahead; returns the names of the made."""
    return partitions.make_parts(session, CUT, at=at)


def drop_expired(session: Writer, *, at: datetime) -> list[str]:
    """Drop the days of facts that are no longer kept; returns the names of the dropped."""
    return partitions.drop_expired(session, CUT, at=at)
