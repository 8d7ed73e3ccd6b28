"""What the log looks like in JSON."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.events.queries import DisputeRecord, EventDetail, EventLine, LogLine
from core.events.schemas import (
    DisputeEffect,
    DisputeGround,
    DisputeState,
    EventSource,
    IncidentState,
    MatchState,
    RecordAct,
    RecordKind,
    RecordReason,
)
from portals.api_v1 import pages

Told = Annotated[dict[str, Any], Meta(description="What was told, in the shape of its kind; the words apart.")]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An incident, fine, repair or violation, as it stands now."""

    id: int
    kind: RecordKind
    park_id: int
    vehicle_id: int | None
    happened_at: datetime
    happened_until: Annotated[
        datetime | None, Meta(description="The moment lies before this, when it is not known exactly.")
    ]
    driver_id: Annotated[int | None, Meta(description="Whose it is.")]
    match: Annotated[MatchState, Meta(description="How that was found out. nobody and ambiguous wait for a person.")]
    amount_minor: int | None
    currency: str | None
    charge_minor: Annotated[int | None, Meta(description="What the driver owes for it at most.")]
    is_frozen: Annotated[bool, Meta(description="It is disputed: nothing may be deducted until that is decided.")]
    withdrawn_at: datetime | None
    told: Told
    source: EventSource
    recorded_at: datetime
    changed_at: datetime


class EventVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an event. The newest counts; none is ever changed."""

    number: int
    act: RecordAct
    reason: RecordReason | None
    told: Told
    source: EventSource
    at: datetime


class EventOwner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose an event was found to be, from `at` on."""

    match: MatchState
    driver_id: int | None
    assignment_id: int | None
    at: datetime


class EventDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute of an event."""

    id: int
    driver_id: int
    ground: DisputeGround
    words: Annotated[str | None, Meta(description="Null when the driver was erased.")]
    state: DisputeState
    opened_at: datetime
    due_at: Annotated[datetime, Meta(description="Until when it is to be decided.")]
    ended_at: datetime | None
    effect: DisputeEffect | None
    charge_minor: int | None
    reasons: str | None
    file_ids: list[uuid.UUID]


class EventIncident(msgspec.Struct, frozen=True, kw_only=True):
    """How far the file of an incident is. `missing` are codes of what it still lacks."""

    state: IncidentState
    decided_at: datetime | None
    cost_minor: int
    currency: str | None
    faults: Annotated[dict[str, int], Meta(description="Percent of the fault by the id of a driver.")]
    photo_count: int
    missing: list[str]


class FullEvent(Event, frozen=True, kw_only=True):
    """An event with how it came to stand as it does."""

    words: Annotated[str | None, Meta(description="Null when there are none, or their person was erased.")]
    versions: list[EventVersion]
    owners: list[EventOwner]
    disputes: list[EventDispute]
    incident: EventIncident | None


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened."""

    kind: Annotated[str, Meta(description="incident, fine, repair, violation, trip, detection.")]
    key: Annotated[str, Meta(description="Of an event its id, of a detection its id, of a trip the vehicle's id.")]
    vehicle_id: int | None
    driver_id: Annotated[int | None, Meta(description="Whose it is: of a trip and a detection, who had the vehicle.")]
    happened_at: datetime
    ended_at: datetime | None
    event: Annotated[Event | None, Meta(description="Null for a trip and for what was detected.")]
    detail: Annotated[dict[str, Any], Meta(description="Figures of a trip; what was detected.")]


class LogPage(pages.Page, frozen=True, kw_only=True):
    """What happened, newest first."""

    items: list[LogEntry]


class NewDispute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an event is not so, for its driver."""

    ground: DisputeGround
    words: Annotated[str, Meta(min_length=3, max_length=2000)]


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a disputed charge, and why: its driver reads it."""

    effect: DisputeEffect
    reasons: Annotated[str, Meta(min_length=3, max_length=2000)]
    charge_minor: Annotated[
        Annotated[int, Meta(ge=1, le=10**12)] | None, Meta(description="What is still charged, when it is reduced.")
    ] = None


class EventDriver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose an event is; null: no driver's."""

    driver_id: Annotated[int, Meta(ge=1, le=10**18 - 1)] | None


Which = Literal["incident", "fine", "repair", "violation", "trip", "detection"]


def show_line(line: EventLine) -> Event:
    """An event of a list."""
    return Event(**_fields(line))


def show_full(found: EventDetail) -> FullEvent:
    """An event with everything about it."""
    file = found.incident
    return FullEvent(
        **_fields(found.line),
        words=found.words,
        versions=[
            EventVersion(number=o.number, act=o.act, reason=o.reason, told=o.told, source=o.source, at=o.at)
            for o in found.versions
        ],
        owners=[
            EventOwner(match=one.state, driver_id=one.driver_id, assignment_id=one.assignment_id, at=one.at)
            for one in found.matches
        ],
        disputes=[_show_dispute(dispute) for dispute in found.disputes],
        incident=None
        if file is None
        else EventIncident(
            state=file.state,
            decided_at=file.decided_at,
            cost_minor=file.cost_minor,
            currency=file.currency,
            faults={str(share.driver_id): share.fault_pct for share in file.shares},
            photo_count=len(file.photos),
            missing=file.missing,
        ),
    )


def show_entry(line: LogLine) -> LogEntry:
    """One line of the log."""
    return LogEntry(
        kind=line.kind,
        key=line.key,
        vehicle_id=line.vehicle_id,
        driver_id=line.driver_id,
        happened_at=line.happened_at,
        ended_at=line.ended_at,
        event=None if line.event is None else show_line(line.event),
        detail={} if line.event is not None else line.detail,
    )


def _show_dispute(one: DisputeRecord) -> EventDispute:
    return EventDispute(
        id=one.id,
        driver_id=one.driver_id,
        ground=one.ground,
        words=one.words,
        state=one.state,
        opened_at=one.opened_at,
        due_at=one.due_at,
        ended_at=one.ended_at,
        effect=one.effect,
        charge_minor=one.charge_minor,
        reasons=one.reasons,
        file_ids=[file.id for file in one.files],
    )


def _fields(line: EventLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind,
        "park_id": line.park_id,
        "vehicle_id": line.vehicle_id,
        "happened_at": line.happened_at,
        "happened_until": line.happened_until,
        "driver_id": line.driver_id,
        "match": line.match_state,
        "amount_minor": line.amount_minor,
        "currency": line.currency,
        "charge_minor": line.charge_minor,
        "is_frozen": line.is_frozen,
        "withdrawn_at": line.withdrawn_at,
        "told": line.told,
        "source": line.source,
        "recorded_at": line.recorded_at,
        "changed_at": line.changed_at,
    }
