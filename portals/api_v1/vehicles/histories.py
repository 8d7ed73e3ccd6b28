"""What was done to a vehicle, and when it stood where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.vehicles import queries
from core.vehicles.schemas import VehicleStatus
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.doors import actor, read

By = Annotated[str, Meta(description="Who did it. People and programs by pseudonym: `user:7`.")]


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done."""

    id: int
    at: datetime
    action: Annotated[str, Meta(description="Such as `vehicles.vehicle_changed`. More may come.")]
    by: By
    detail: Annotated[dict[str, Any], Meta(description="What the action tells: `changes` with `before` and `after`, …")]


class HistoryPage(pages.Page, frozen=True, kw_only=True):
    """What was done, the newest first."""

    items: list[HistoryEntry]


class HistoryQuery(pages.PageQuery, frozen=True, kw_only=True):
    """How much of it."""

    limit: pages.UpTo500 = 50


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """When a vehicle came to a status, by whom and why."""

    status: VehicleStatus
    at: datetime
    by: By
    reason: str


class StatusChangePage(pages.Page, frozen=True, kw_only=True):
    """The statuses that a vehicle had, the newest first."""

    items: list[StatusChange]


@bp.get("/vehicles/<int:vehicle_id>/history")
@operation(query=HistoryQuery, answers={200: HistoryPage})
def list_vehicle_history(vehicle_id: int, query: HistoryQuery) -> dict[str, Any]:
    """Everything that was done to the record of a vehicle and what belongs to it, the newest first."""
    entries = queries.list_timeline(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        before_id=pages.after_id(query.cursor) or None,
        most=query.limit,
    )
    items = [HistoryEntry(id=one.id, at=one.at, action=one.action, by=one.by, detail=one.detail) for one in entries]
    return pages.page(items, most=query.limit, last_id=entries[-1].id if entries else None)


@bp.get("/vehicles/<int:vehicle_id>/status_changes")
@operation(answers={200: StatusChangePage})
def list_vehicle_status_changes(vehicle_id: int) -> dict[str, Any]:
    """The statuses that a vehicle had, the newest first; the first of the list is the one it has."""
    changes = queries.list_status_changes(read(), viewer=actor(), vehicle_id=vehicle_id)
    items = [
        StatusChange(status=one["status"], at=one["at"], by=one["actor_name"], reason=one["reason"]) for one in changes
    ]
    return pages.page(items, most=10_000, last_id=None)
