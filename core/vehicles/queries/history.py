"""What was done to the record of a vehicle, out of the audit: who changed what, from what to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.audit import AuditEntry
from core.db import Reader
from core.permissions import Actor
from core.vehicles.queries.records import get_vehicle

_ENTRY = AuditEntry.__table__.c


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """One thing that was done to a vehicle's record. `detail` is what the verb told of it."""

    id: int
    at: datetime
    action: str
    by: str
    detail: dict[str, Any]


def list_history(
    reader: Reader, *, viewer: Actor, vehicle_id: int, actions: Iterable[str], before: datetime, most: int = 50
) -> list[HistoryRecord]:
    """What was done to a vehicle of these actions before a moment, newest first. Needs vehicles:read."""
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    query = (
        sa.select(_ENTRY.id, _ENTRY.at, _ENTRY.action, _ENTRY.actor_name, _ENTRY.detail)
        .where(
            _ENTRY.subject_kind == "vehicle",
            _ENTRY.subject_id == str(vehicle_id),
            _ENTRY.action.in_(list(actions)),
            _ENTRY.at < before,
        )
        .order_by(_ENTRY.at.desc(), _ENTRY.id.desc())
        .limit(most)
    )
    return [HistoryRecord(*tuple(row)) for row in reader.execute(query)]


def list_timeline(
    reader: Reader, *, viewer: Actor, vehicle_id: int, before_id: int | None = None, most: int = 50
) -> list[HistoryRecord]:
    """All that was ever done to a vehicle's record, newest first, before the entry `before_id`: registered, changed,
    moved, status, groups, documents, photos, tracker. Needs vehicles:read. Raises NotFound.
    """
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    query = (
        sa.select(_ENTRY.id, _ENTRY.at, _ENTRY.action, _ENTRY.actor_name, _ENTRY.detail)
        .where(
            _ENTRY.subject_kind == "vehicle",
            _ENTRY.subject_id == str(vehicle_id),
            _ENTRY.action.startswith("vehicles.", autoescape=True),
        )
        .order_by(_ENTRY.id.desc())
        .limit(most)
    )
    if before_id is not None:
        query = query.where(_ENTRY.id < before_id)
    return [HistoryRecord(*tuple(row)) for row in reader.execute(query)]
