"""How the audit log stands, and the checks of the whole of it: who asked for them, and what they found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.audit import AuditEntry
from core.audit_log import AuditCheckpoint, AuditLeaf, is_ahead, read_tip
from core.audit_verification import Finding
from core.db import Base, Reader, Writer
from core.permissions import Actor

# Entries get their place within a second and are signed within a minute.
LATE = timedelta(minutes=5)
_ENTRY, _LEAF = AuditEntry.__table__.c, AuditLeaf.__table__.c
_LAST_SIGNED = (
    sa.select(AuditCheckpoint.size, AuditCheckpoint.at, AuditCheckpoint.note)
    .order_by(AuditCheckpoint.size.desc())
    .limit(1)
)


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
    waiting = reader.execute(sa.select(sa.func.count()).where(is_ahead(tip))).scalar_one()
    last = reader.execute(_LAST_SIGNED).one_or_none()
    return {"size": tip.size, "waiting": waiting, "checkpoint": last}


def check(reader: Reader, *, at: datetime) -> list[str]:
    """What is not well with the log, in sentences. Open to everybody: it names no entry."""
    tip = read_tip(reader)
    since = reader.execute(sa.select(sa.func.min(_ENTRY.at)).where(is_ahead(tip))).scalar_one()
    last = reader.execute(_LAST_SIGNED).one_or_none()
    reasons = []
    if is_tampered(reader):
        reasons.append("The audit log was tampered with: the last check of it says where.")
    if since is not None and at - since > LATE:
        reasons.append(f"Entries of the audit wait for their place in the log since {since:%Y-%m-%d %H:%M:%S} UTC.")
    if last is not None and last.size < tip.size and at - last.at > LATE:
        unsigned = reader.execute(
            sa.select(sa.func.min(_ENTRY.at))
            .select_from(sa.join(AuditLeaf.__table__, AuditEntry.__table__, _LEAF.entry_id == _ENTRY.id))
            .where(_LEAF.position == last.size)
        ).scalar_one()
        if unsigned is None or at - unsigned > LATE:
            reasons.append(f"The audit log was signed last at {last.at:%Y-%m-%d %H:%M:%S} UTC, and has grown since.")
    return reasons


def is_tampered(reader: Reader) -> bool:
    """Whether the last check of the log that was done found something."""
    query = sa.select(AuditVerification.findings).where(AuditVerification.ended_at.is_not(None))
    return bool(reader.execute(query.order_by(AuditVerification.id.desc()).limit(1)).scalar())
