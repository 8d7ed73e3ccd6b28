"""What happened to one driver, as far as their record knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import Assignment, Driver, fields
from core.drivers.models.documents import Document, DocumentState
from core.drivers.models.lives import StageChange
from core.drivers.models.profiles import ProfileChange
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Vehicle


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `kind` is stage, document, record or assignment; `what` is a word of that kind.

    `by` is who did it, by kind and id; `detail` holds ids and words of our own, and what a person typed under `words`.
    """

    at: datetime
    kind: str
    what: str
    by: tuple[str, int | None] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def list_timeline(
    reader: Reader, *, viewer: Actor, driver_id: int, before: datetime | None = None, most: int = 50
) -> list[Happening]:
    """What happened to a driver before a moment, the newest first. Needs drivers:read; NotFound out of sight.

    What people typed about the driver is there for who may read their documents.
    """
    viewer.require("drivers:read")
    reach = in_reach(viewer, "drivers:read", park_id=Driver.park_id)
    park_id = reader.execute(sa.select(Driver.park_id).where(Driver.id == driver_id, reach)).scalar_one_or_none()
    if park_id is None:
        raise NotFound(f"There is no driver {driver_id}.")
    reads_words = viewer.may("drivers:read_documents", park_id=park_id)
    found = [
        *_list_steps(reader, driver_id, before, most, reads_words=reads_words),
        *_list_documents(reader, driver_id, before, most),
        *_list_changes(reader, driver_id, before, most),
        *_list_assignments(reader, driver_id, before, most),
    ]
    found.sort(key=lambda one: one.at, reverse=True)
    return found[:most]


def _list_steps(
    reader: Reader, driver_id: int, before: datetime | None, most: int, *, reads_words: bool
) -> list[Happening]:
    query = sa.select(StageChange.__table__).where(StageChange.driver_id == driver_id)
    rows = reader.execute(_newest(query, StageChange.at, before, most)).all()
    sealed = [row.words_sealed if reads_words else None for row in rows]
    words = vault.open_texts(reader, sealed, field=fields.STAGE_WORDS)
    return [
        Happening(
            row.at,
            "stage",
            row.to_stage,
            (row.actor_kind, row.actor_id),
            {"from": row.from_stage, "reason": row.reason, "words": said},
        )
        for row, said in zip(rows, words, strict=True)
    ]


def _list_documents(reader: Reader, driver_id: int, before: datetime | None, most: int) -> list[Happening]:
    found = []
    mine = sa.and_(Document.driver_id == driver_id, Document.state != DocumentState.DRAFT)
    for row in reader.execute(_newest(_PAPERS.where(mine), Document.handed_in_at, before, most)):
        by = (row.handed_in_by_kind, row.handed_in_by_id)
        found.append(Happening(row.handed_in_at, "document", "handed_in", by, {"kind": row.kind, "id": row.id}))
    decided = _PAPERS.where(mine, Document.decided_at.is_not(None))
    for row in reader.execute(_newest(decided, Document.decided_at, before, most)):
        detail = {"kind": row.kind, "id": row.id, "reason": row.refusal_reason, "valid_until": row.valid_until}
        by = (row.decided_by_kind, row.decided_by_id)
        found.append(Happening(row.decided_at, "document", row.state, by, detail))
    return found


def _list_changes(reader: Reader, driver_id: int, before: datetime | None, most: int) -> list[Happening]:
    query = sa.select(ProfileChange.__table__).where(ProfileChange.driver_id == driver_id)
    return [
        Happening(row.at, "record", "changed", (row.actor_kind, row.actor_id), {"fields": row.fields})
        for row in reader.execute(_newest(query, ProfileChange.at, before, most))
    ]


def _list_assignments(reader: Reader, driver_id: int, before: datetime | None, most: int) -> list[Happening]:
    begins = sa.func.lower(Assignment.during)
    ends = sa.func.upper(Assignment.during)
    query = (
        sa.select(Assignment.vehicle_id, Vehicle.name, Assignment.kind, begins.label("begins"), ends.label("ends"))
        .join(Vehicle, Vehicle.id == Assignment.vehicle_id)
        .where(Assignment.driver_id == driver_id)
    )
    return [
        Happening(
            row.begins,
            "assignment",
            "given",
            None,
            {"vehicle_id": row.vehicle_id, "vehicle": row.name, "kind": row.kind, "until": row.ends},
        )
        for row in reader.execute(_newest(query, begins, before, most))
    ]


_PAPERS = sa.select(
    Document.id,
    Document.kind,
    Document.state,
    Document.handed_in_at,
    Document.handed_in_by_kind,
    Document.handed_in_by_id,
    Document.decided_at,
    Document.decided_by_kind,
    Document.decided_by_id,
    Document.refusal_reason,
    Document.valid_until,
)


def _newest(
    query: sa.Select[*tuple[Any, ...]], moment: Any, before: datetime | None, most: int
) -> sa.Select[*tuple[Any, ...]]:
    if before is not None:
        query = query.where(moment < before)
    return query.order_by(moment.desc()).limit(most)
