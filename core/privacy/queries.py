"""What is known of a driver, for them to take along, and who looked at it.

Each look is an entry of the audit, which nobody can take back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.access import queries as access
from core.audit import AuditEntry
from core.db import Reader
from core.drivers import queries as drivers
from core.events import queries as events
from core.events.queries import LogQuery
from core.permissions import Actor
from core.ratings import queries as ratings

LOOK = "drivers.personal_data_seen"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# More than a life of driving leaves behind; that it was not enough is said.
_MOST = 100_000
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


def export_own(reader: Reader, *, viewer: Actor, at: datetime) -> dict[str, Any] | None:
    """All that is known of the viewer as a driver, by where it is kept; None without a driver's record. Pages of
    documents are told by name; they are opened under My documents. Needs the rights to read one's own.
    """
    own = drivers.find_own_driver(reader, viewer=viewer, at=at)
    if own is None:
        return None
    lists: dict[str, Sequence[object]] = {
        "assignments": drivers.list_own_assignments(reader, viewer=viewer, since=_EVER, most=_MOST),
        "standing_changes": access.list_own_standing_changes(reader, viewer=viewer, most=_MOST),
        "locks": access.list_own_locks(reader, viewer=viewer, most=_MOST),
        "events": events.list_own_log(reader, viewer=viewer, query=LogQuery(), most=_MOST),
        "appeals": ratings.list_own_appeals(reader, viewer=viewer),
        "looks": list_own_looks(reader, viewer=viewer, at=at, most=_MOST),
    }
    return {
        "exported_at": at,
        "driver": own,
        "record": drivers.get_own_personal(reader, viewer=viewer, driver_id=own.driver_id),
        "documents": drivers.list_driver_documents(reader, viewer=viewer, driver_id=own.driver_id),
        "standing": access.find_own_standing(reader, viewer=viewer, at=at),
        "debt": access.find_own_debt(reader, viewer=viewer),
        "rating": ratings.find_own_rating(reader, viewer=viewer),
        **lists,
        "is_whole": all(len(one) < _MOST for one in lists.values()),
    }
