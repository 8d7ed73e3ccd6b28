"""What was detected."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.events import queries
from core.events.rules.catalog import KINDS, Severity
from core.vehicles.schemas import RecordId
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.doors import actor, read
from portals.event_rows import EventRow, as_cursor, as_place, in_words
from portals.ranges import Moment

Kind = Annotated[str, Meta(description="Only of this kind.", extra_json_schema={"enum": list(KINDS)})]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was detected, in numbers and in words."""

    id: uuid.UUID
    vehicle_id: int
    kind: Annotated[str, Meta(description="Kinds are added over time.")]
    subject: Annotated[str, Meta(description="What it is about: the id of a geofence, a trouble code; may be empty.")]
    title: str
    sentence: str
    severity: Severity
    started_at: datetime
    ended_at: Annotated[datetime | None, Meta(description="Null while it lasts.")]
    lat: float | None
    lon: float | None
    value: float | None
    unit: Annotated[str, Meta(description="Of `value`; empty without one.")]
    detail: dict[str, Any]
    detected_at: datetime
    changed_at: datetime
    withdrawn_at: Annotated[datetime | None, Meta(description="When late reports took it back.")]


class EventPage(pages.Page, frozen=True, kw_only=True):
    """What was detected, newest first."""

    items: list[Event]


class EventQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which of what was detected."""

    vehicle_id: Annotated[RecordId | None, Meta(description="Only of this vehicle.")] = None
    kind: Kind | None = None
    since: Annotated[Moment | None, Meta(description="Begun at this moment or later.")] = msgspec.field(
        name="from", default=None
    )
    until: Annotated[Moment | None, Meta(description="Begun before this moment.")] = msgspec.field(
        name="to", default=None
    )
    open: Annotated[bool, Meta(description="Only what has not ended.")] = False
    withdrawn: Annotated[bool, Meta(description="Also what was taken back after a late report.")] = False
    limit: pages.UpTo500 = 50


@bp.get("/events")
@operation(query=EventQuery, answers={200: EventPage}, refuses=(404,))
def list_events(query: EventQuery) -> dict[str, Any]:
    """What was detected, newest first: of a `vehicle_id`, a `kind`, begun from `from` until `to`."""
    records = queries.list_detections(
        read(),
        viewer=actor(),
        vehicle_id=query.vehicle_id,
        kind=_known(query.kind),
        since=query.since,
        until=query.until,
        open_only=query.open,
        withdrawn=query.withdrawn,
        after=as_place(query.cursor),
        most=query.limit,
    )
    rows = in_words(read(), actor(), records)
    cursor = as_cursor(records[-1].place) if len(records) == query.limit else None
    pages.goes_on_at(cursor)
    return {"items": [_show(row) for row in rows], "next_cursor": cursor}


def _known(kind: str | None) -> str | None:
    if kind is not None and kind not in KINDS:
        known = ", ".join(KINDS)
        raise Invalid(f"kind: there is no {kind[:40]!r}. The kinds are {known}.", fields={"kind": f"One of {known}."})
    return kind


def _show(row: EventRow) -> Event:
    record = row.record
    return Event(
        id=record.id,
        vehicle_id=record.vehicle_id,
        kind=record.kind,
        subject=record.subject,
        title=row.title,
        sentence=row.sentence,
        severity=row.severity,
        started_at=record.started_at,
        ended_at=record.ended_at,
        lat=record.lat,
        lon=record.lon,
        value=record.value,
        unit=row.unit,
        detail=record.detail,
        detected_at=record.detected_at,
        changed_at=record.changed_at,
        withdrawn_at=record.withdrawn_at,
    )
