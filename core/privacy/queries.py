"""Who looked at what is personal of a driver. Each look is an entry of the audit, which nobody can take back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.audit import AuditEntry
from core.db import Reader
from core.drivers import queries as drivers
from core.permissions import Actor

LOOK = "drivers.personal_data_seen"
_ENTRY = AuditEntry.__table__.c


@dataclass(frozen=True, slots=True)
class LookRecord:
    """One look: when, by whom (a pseudonym, and what kind of asker), and at what: `record` or `document 7`."""

    at: datetime
    by: str
    by_kind: str
    what: str


def list_own_looks(reader: Reader, *, viewer: Actor, at: datetime, most: int = 200) -> list[LookRecord]:
    """The newest looks of others at the viewer's own record as a driver, newest first. Needs drivers:read_own."""
    own = drivers.find_own_driver(reader, viewer=viewer, at=at)
    if own is None:
        return []
    query = (
        sa.select(_ENTRY.at, _ENTRY.actor_name, _ENTRY.actor_kind, _ENTRY.detail)
        .where(_ENTRY.subject_kind == "driver", _ENTRY.subject_id == str(own.driver_id), _ENTRY.action == LOOK)
        .order_by(_ENTRY.id.desc())
        .limit(most)
    )
    return [
        LookRecord(row.at, row.actor_name, row.actor_kind, str(row.detail.get("what", "record")))
        for row in reader.execute(query)
    ]
