"""The event log's records: events with what was told of them, how they stand, and how that came."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import Driver
from core.errors import NotFound
from core.events.models import (
    Dispute,
    DisputeEffect,
    DisputeFile,
    DisputeGround,
    DisputeState,
    EventMatch,
    EventRecord,
    EventSource,
    IncidentPhoto,
    LoggedEvent,
    MatchState,
    RecordAct,
    RecordKind,
    RecordReason,
)
from core.events.queries.incidents import IncidentFile, read_incident_file
from core.events.rules.sealed_fields import DISPUTE_REASONS, DISPUTE_WORDS, WORDS
from core.files import queries as files
from core.files.queries import FileLine, StoredFile
from core.permissions import Actor
from core.sight import in_reach


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event as it stands now, with what its newest version tells."""

    id: int
    park_id: int
    kind: RecordKind
    vehicle_id: int | None
    driver_id: int | None
    match_state: MatchState
    happened_at: datetime
    happened_until: datetime | None
    amount_minor: int | None
    currency: str | None
    charge_minor: int | None
    is_frozen: bool
    withdrawn_at: datetime | None
    recorded_at: datetime
    changed_at: datetime
    version: int
    told: dict[str, Any]
    source: EventSource


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an event: what was told, when and by whom."""

    number: int
    act: RecordAct
    reason: RecordReason | None
    told: dict[str, Any]
    words: str | None
    source: EventSource
    at: datetime
    actor_kind: str
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class MatchLine:
    """Whose an event was found to be, from `at` on."""

    state: MatchState
    driver_id: int | None
    assignment_id: int | None
    at: datetime
    actor_kind: str
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class DisputeRecord:
    """A dispute with its words opened."""

    id: int
    driver_id: int
    ground: DisputeGround
    words: str | None
    state: DisputeState
    opened_at: datetime
    opened_by_kind: str
    opened_by_id: int | None
    due_at: datetime
    ended_at: datetime | None
    effect: DisputeEffect | None
    charge_minor: int | None
    reasons: str | None
    files: list[FileLine]


@dataclass(frozen=True, slots=True)
class EventDetail:
    """Everything about one event."""

    line: EventLine
    words: str | None
    versions: list[Version]
    matches: list[MatchLine]
    disputes: list[DisputeRecord]
    incident: IncidentFile | None


NEWEST = sa.and_(EventRecord.event_id == LoggedEvent.id, EventRecord.number == LoggedEvent.record_number)
LINE = sa.select(
    *(getattr(LoggedEvent, name) for name in EventLine.__slots__[:-2]), EventRecord.told, EventRecord.source
).join(EventRecord, NEWEST)


def get_event(reader: Reader, *, viewer: Actor, event_id: int) -> EventDetail:
    """Everything about one event. Needs events:read_records. Raises NotFound, also out of sight."""
    viewer.require("events:read_records")
    row = reader.execute(LINE.where(LoggedEvent.id == event_id, is_readable(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"There is no event {event_id} in the log.")
    return _detail(reader, EventLine(*tuple(row)), driver_id=None)


def get_own_event(reader: Reader, *, viewer: Actor, event_id: int) -> EventDetail:
    """An event of the driver whose account the viewer is, without what concerns others. Needs events:read_own.

    Raises NotFound for an event that is not theirs.
    """
    viewer.require("events:read_own")
    own = sa.select(Driver.id).where(Driver.user_id == viewer.id).scalar_subquery()
    row = reader.execute(LINE.where(LoggedEvent.id == event_id, LoggedEvent.driver_id == own)).one_or_none()
    if row is None:
        raise NotFound(f"There is no event {event_id} of yours.")
    line = EventLine(*tuple(row))
    return _detail(reader, line, driver_id=line.driver_id)


def get_event_file(reader: Reader, *, viewer: Actor, event_id: int, file_id: uuid.UUID) -> StoredFile:
    """A photo of an incident, or a file of a dispute, with its content. Needs events:read_records."""
    viewer.require("events:read_records")
    of_event = sa.select(LoggedEvent.id).where(LoggedEvent.id == event_id, is_readable(viewer))
    return _open_file(reader, of_event, file_id)


def get_own_event_file(reader: Reader, *, viewer: Actor, event_id: int, file_id: uuid.UUID) -> StoredFile:
    """A file that the driver handed in with a dispute. Needs events:read_own."""
    viewer.require("events:read_own")
    own = sa.select(Driver.id).where(Driver.user_id == viewer.id).scalar_subquery()
    query = sa.select(DisputeFile.file_id).join(Dispute, Dispute.id == DisputeFile.dispute_id)
    query = query.where(DisputeFile.file_id == file_id, Dispute.event_id == event_id, Dispute.driver_id == own)
    if reader.execute(query).first() is None:
        raise NotFound("There is no such file of yours.")
    return files.get_file(reader, file_id=file_id)


def is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    """Whether the viewer may read an event of the log."""
    return in_reach(viewer, "events:read_records", park_id=LoggedEvent.park_id, vehicle_id=LoggedEvent.vehicle_id)


def _open_file(reader: Reader, of_event: sa.Select[Any], file_id: uuid.UUID) -> StoredFile:
    photos = sa.select(IncidentPhoto.file_id).where(IncidentPhoto.event_id.in_(of_event))
    handed_in = (
        sa.select(DisputeFile.file_id)
        .join(Dispute, Dispute.id == DisputeFile.dispute_id)
        .where(Dispute.event_id.in_(of_event))
    )
    found = sa.union_all(photos, handed_in).subquery()
    if reader.execute(sa.select(found).where(found.c.file_id == file_id)).first() is None:
        raise NotFound("There is no such file.")
    return files.get_file(reader, file_id=file_id)


def _detail(reader: Reader, line: EventLine, *, driver_id: int | None) -> EventDetail:
    versions = _list_versions(reader, line.id)
    matches = sa.select(*(getattr(EventMatch, name) for name in MatchLine.__slots__))
    matches = matches.where(EventMatch.event_id == line.id).order_by(EventMatch.id)
    return EventDetail(
        line=line,
        words=versions[-1].words,
        versions=versions,
        matches=[] if driver_id is not None else [MatchLine(*row) for row in reader.execute(matches)],
        disputes=_list_disputes(reader, line.id, driver_id),
        incident=None if driver_id is not None else read_incident_file(reader, event_id=line.id),
    )


def _list_versions(reader: Reader, event_id: int) -> list[Version]:
    query = sa.select(EventRecord.__table__).where(EventRecord.event_id == event_id).order_by(EventRecord.number)
    rows = reader.execute(query).all()
    words = vault.open_texts(reader, [row.words_sealed for row in rows], field=WORDS)
    return [
        Version(
            number=row.number,
            act=row.act,
            reason=row.reason,
            told=row.told,
            words=text,
            source=row.source,
            at=row.at,
            actor_kind=row.actor_kind,
            actor_id=row.actor_id,
        )
        for row, text in zip(rows, words, strict=True)
    ]


def _list_disputes(reader: Reader, event_id: int, driver_id: int | None) -> list[DisputeRecord]:
    query = sa.select(Dispute.__table__).where(Dispute.event_id == event_id).order_by(Dispute.id)
    if driver_id is not None:
        query = query.where(Dispute.driver_id == driver_id)
    rows = reader.execute(query).all()
    words = vault.open_texts(reader, [row.words_sealed for row in rows], field=DISPUTE_WORDS)
    reasons = vault.open_texts(reader, [row.reasons_sealed for row in rows], field=DISPUTE_REASONS)
    handed_in = _list_files(reader, [row.id for row in rows])
    return [
        DisputeRecord(
            id=row.id,
            driver_id=row.driver_id,
            ground=row.ground,
            words=said,
            state=row.state,
            opened_at=row.opened_at,
            opened_by_kind=row.opened_by_kind,
            opened_by_id=row.opened_by_id,
            due_at=row.due_at,
            ended_at=row.ended_at,
            effect=row.effect,
            charge_minor=row.charge_minor,
            reasons=why,
            files=handed_in.get(row.id, []),
        )
        for row, said, why in zip(rows, words, reasons, strict=True)
    ]


def _list_files(reader: Reader, dispute_ids: list[int]) -> dict[int, list[FileLine]]:
    if not dispute_ids:
        return {}
    query = sa.select(DisputeFile.dispute_id, DisputeFile.file_id).where(DisputeFile.dispute_id.in_(dispute_ids))
    rows = reader.execute(query).all()
    lines = files.list_files(reader, file_ids=[row.file_id for row in rows])
    found: dict[int, list[FileLine]] = {}
    for dispute_id, file_id in rows:
        if file_id in lines:
            found.setdefault(dispute_id, []).append(lines[file_id])
    return found
