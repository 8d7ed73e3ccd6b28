"""The audit table: what was done, by whom, to what. PostgreSQL refuses to change or delete a row of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Reader, Writer, plain_rows
from core.permissions import Actor


class AuditEntry(Base):
    """One thing that was done. Written in the same transaction as the thing itself."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        sa.Index("ix_audit_entries_subject", "subject_kind", "subject_id", "id"),
        sa.Index("ix_audit_entries_place", "txid", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    # With `id`, the order in which entries get their place in the log (core/audit_log.py).
    txid: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("(pg_current_xact_id()::text)::bigint"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    actor_name: Mapped[str] = mapped_column(sa.Text)
    action: Mapped[str] = mapped_column(sa.Text)
    subject_kind: Mapped[str] = mapped_column(sa.Text)
    subject_id: Mapped[str] = mapped_column(sa.Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


def record(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    action: str,
    subject: tuple[str, object],
    **detail: Any,
) -> None:
    """Write one audit entry in the transaction of what it tells."""
    record_each(session, actor=actor, at=at, action=action, entries=[(subject, detail)])


def record_each(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    action: str,
    entries: Sequence[tuple[tuple[str, object], Mapping[str, Any]]],
) -> None:
    """Write one audit entry for each subject with its detail, in one round trip. None: nothing is written."""
    rows = [
        {
            "at": at,
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "actor_name": actor.name,
            "action": action,
            "subject_kind": subject[0],
            "subject_id": str(subject[1]),
            "detail": detail,
        }
        for subject, detail in entries
    ]
    if rows:
        session.flush()  # what is told is written before it, for whoever reads on this connection
        session.connection().execute(sa.insert(AuditEntry), rows)


_COLUMNS = AuditEntry.__table__.c


def list_entries(
    reader: Reader, *, viewer: Actor, subject: tuple[str, object] | None = None, before_id: int | None = None
) -> list[dict[str, Any]]:
    """The newest 100 entries, newest first; those of one `subject`, or older than `before_id`.

    Needs audit:read, or access:read for the entries of one subject.
    """
    viewer.require("audit:read" if subject is None else "access:read")
    query = sa.select(*_COLUMNS).order_by(_COLUMNS.id.desc()).limit(100)
    if subject is not None:
        query = query.where(_COLUMNS.subject_kind == subject[0], _COLUMNS.subject_id == str(subject[1]))
    if before_id is not None:
        query = query.where(_COLUMNS.id < before_id)
    return plain_rows(reader.execute(query))
