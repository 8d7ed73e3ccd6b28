"""Reading the file of an incident."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.events.models import (
    CostKind,
    EventMatch,
    EventRecord,
    Incident,
    IncidentAct,
    IncidentCost,
    IncidentParty,
    IncidentPhoto,
    IncidentShare,
    IncidentState,
    IncidentStep,
    LoggedEvent,
)
from core.events.rules import incidents as rules
from core.events.rules.sealed_fields import CLAIM_NUMBER, PARTY, POLICE_NUMBER
from core.events.schemas import IncidentSeverity, IncidentType, NewParty
from core.files import queries as files
from core.files.queries import FileLine
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of what it costs."""

    id: int
    kind: CostKind
    amount_minor: int
    currency: str
    reference: str | None
    added_at: datetime
    struck_at: datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the fault is a driver's, in percent."""

    driver_id: int
    fault_pct: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done to the file."""

    act: IncidentAct
    state: IncidentState
    detail: dict[str, Any]
    at: datetime
    actor_kind: str
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """Everything in the file of an incident. `missing` are the codes of `rules.incidents.TASKS`."""

    state: IncidentState
    next_states: tuple[IncidentState, ...]
    decided_at: datetime | None
    police_number: str | None
    claim_number: str | None
    missing: list[str]
    photos: list[FileLine]
    costs: list[CostLine]
    shares: list[Share]
    parties: list[NewParty]
    steps: list[Step]

    @property
    def cost_minor(self) -> int:
        """What the lines that count make together."""
        return sum(line.amount_minor for line in self.costs if line.struck_at is None)

    @property
    def currency(self) -> str | None:
        """The currency of the costs; None without any."""
        return next((line.currency for line in self.costs if line.struck_at is None), None)


@dataclass(frozen=True, slots=True)
class Answering:
    """Who is held to answer for an incident: those with a share of the fault, and until there are shares whoever had
    the vehicle. `released` are those who once were and are no more. `as_of` is when the event last changed.
    """

    happened_at: datetime
    severity: IncidentSeverity
    is_theft: bool
    resolved_at: datetime | None
    as_of: datetime
    held: frozenset[int]
    released: frozenset[int]


def find_answering(reader: Reader, *, viewer: Actor, event_id: int) -> Answering | None:
    """Who answers for an incident; None for an event that is none. Needs events:match."""
    viewer.require("events:match")
    query = (
        sa.select(LoggedEvent.__table__, EventRecord.told, Incident.decided_at)
        .join(Incident, Incident.event_id == LoggedEvent.id)
        .join(
            EventRecord,
            sa.and_(EventRecord.event_id == LoggedEvent.id, EventRecord.number == LoggedEvent.record_number),
        )
        .where(LoggedEvent.id == event_id)
    )
    row = reader.execute(query).one_or_none()
    if row is None:
        return None
    shares = sa.select(IncidentShare.driver_id, IncidentShare.fault_pct).where(IncidentShare.event_id == event_id)
    pcts: dict[int, int] = {row.driver_id: row.fault_pct for row in reader.execute(shares)}
    held = {one for one, pct in pcts.items() if pct > 0} if pcts else {row.driver_id} - {None}
    if row.withdrawn_at is not None:
        held = set()
    ever = set(pcts) | {row.driver_id}
    ever |= set(reader.execute(sa.select(EventMatch.driver_id).where(EventMatch.event_id == event_id)).scalars())
    steps = sa.select(IncidentStep.detail).where(
        IncidentStep.event_id == event_id, IncidentStep.act == IncidentAct.SHARES_SET
    )
    for detail in reader.execute(steps).scalars():
        ever |= {share["driver_id"] for share in detail["shares"]}
    return Answering(
        happened_at=row.happened_at,
        severity=IncidentSeverity(row.told["severity"]),
        is_theft=row.told["what"] == IncidentType.THEFT,
        resolved_at=row.decided_at,
        as_of=row.changed_at,
        held=frozenset(held),
        released=frozenset(ever - held - {None}),
    )


def read_incident_file(reader: Reader, *, event_id: int) -> IncidentFile | None:
    """The file of an event that whoever asks may see; None for an event that is no incident."""
    incident = reader.execute(sa.select(Incident.__table__).where(Incident.event_id == event_id)).one_or_none()
    if incident is None:
        return None
    shares = sa.select(IncidentShare.driver_id, IncidentShare.fault_pct).where(IncidentShare.event_id == event_id)
    return IncidentFile(
        state=incident.state,
        next_states=rules.NEXT[incident.state],
        decided_at=incident.decided_at,
        police_number=vault.open_text(reader, incident.police_number_sealed, field=POLICE_NUMBER),
        claim_number=vault.open_text(reader, incident.claim_number_sealed, field=CLAIM_NUMBER),
        missing=rules.list_missing(read_file_state(reader, event_id=event_id)),
        photos=list_photos(reader, event_id=event_id),
        costs=_list(reader, IncidentCost, CostLine, event_id),
        shares=[Share(*row) for row in reader.execute(shares.order_by(IncidentShare.driver_id))],
        parties=_list_parties(reader, event_id),
        steps=_list(reader, IncidentStep, Step, event_id),
    )


def list_photos(reader: Reader, *, event_id: int) -> list[FileLine]:
    """The photos and documents of a file, oldest first."""
    ids = reader.execute(sa.select(IncidentPhoto.file_id).where(IncidentPhoto.event_id == event_id)).scalars()
    found: dict[uuid.UUID, FileLine] = files.list_files(reader, file_ids=list(ids))
    return sorted(found.values(), key=lambda line: line.kept_at)


def read_file_state(reader: Reader, *, event_id: int) -> rules.FileState:
    """What is in a file, counted."""

    def count(table: Any, *more: Any) -> Any:
        return sa.select(sa.func.count()).where(table.event_id == event_id, *more).scalar_subquery()

    fault = sa.select(sa.func.coalesce(sa.func.sum(IncidentShare.fault_pct), 0))
    row = reader.execute(
        sa.select(
            EventRecord.told,
            Incident.police_number_sealed.is_not(None).label("has_police_number"),
            Incident.claim_number_sealed.is_not(None).label("has_claim_number"),
            count(IncidentPhoto).label("photo_count"),
            count(IncidentCost, IncidentCost.struck_at.is_(None)).label("cost_count"),
            count(IncidentShare).label("share_count"),
            count(IncidentParty).label("party_count"),
            fault.where(IncidentShare.event_id == event_id).scalar_subquery().label("fault_pct"),
        )
        .join(LoggedEvent, LoggedEvent.id == Incident.event_id)
        .join(
            EventRecord,
            sa.and_(EventRecord.event_id == LoggedEvent.id, EventRecord.number == LoggedEvent.record_number),
        )
        .where(Incident.event_id == event_id)
    ).one()
    counted = {name: value for name, value in row._mapping.items() if name != "told"}
    return rules.FileState(
        what=IncidentType(row.told["what"]),
        severity=IncidentSeverity(row.told["severity"]),
        injured_count=row.told["injured_count"],
        **counted,
    )


def _list_parties(reader: Reader, event_id: int) -> list[NewParty]:
    query = sa.select(IncidentParty.told_sealed).where(IncidentParty.event_id == event_id).order_by(IncidentParty.id)
    opened = vault.open_texts(reader, list(reader.execute(query).scalars()), field=PARTY)
    return [msgspec.json.decode(text, type=NewParty) for text in opened if text is not None]


def _list(reader: Reader, table: Any, shape: Any, event_id: int) -> list[Any]:
    columns = [getattr(table, name) for name in shape.__slots__]
    query = sa.select(*columns).where(table.event_id == event_id).order_by(table.id)
    return [shape(*row) for row in reader.execute(query)]
