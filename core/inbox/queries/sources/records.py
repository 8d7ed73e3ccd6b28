"""What waits in the event log: events that are nobody's yet, incidents that nobody has looked into, open disputes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.db import Reader
from core.events.models.disputes import Dispute, DisputeState
from core.events.models.incidents import Incident, IncidentState
from core.events.models.records import LoggedEvent, MatchState, RecordKind
from core.inbox.rules.catalog import Severity
from core.inbox.rules.claims import Claim, Said
from core.vehicles.models import Park

# Of a repair nobody asks whose it was.
_SOMEBODYS = (RecordKind.FINE, RecordKind.VIOLATION, RecordKind.INCIDENT)
# A dispute is to be acted on when it is due so soon.
SOON = timedelta(days=2)


def read_unmatched(reader: Reader, at: datetime) -> Said:
    """The events of which a person has to say whose they were."""
    waiting = (
        _events()
        .add_columns(LoggedEvent.match_state)
        .where(LoggedEvent.match_state.in_([MatchState.NOBODY, MatchState.AMBIGUOUS]), LoggedEvent.kind.in_(_SOMEBODYS))
    )
    return Said(
        claims=tuple(
            _claim(
                row,
                kind="event_unmatched",
                detail={"what": row.kind.value, "why": "nobody" if row.match_state is MatchState.NOBODY else "several"},
            )
            for row in reader.execute(waiting)
        )
    )


def read_incidents(reader: Reader, at: datetime) -> Said:
    """The incidents that were reported and that nobody has taken up."""
    reported = (
        _events().join(Incident, Incident.event_id == LoggedEvent.id).where(Incident.state == IncidentState.REPORTED)
    )
    return Said(claims=tuple(_claim(row, kind="incident_reported", detail={}) for row in reader.execute(reported)))


def read_disputes(reader: Reader, at: datetime) -> Said:
    """The disputes that are not decided, louder when they are due within two days."""
    undecided = (
        _events()
        .add_columns(Dispute.id.label("dispute_id"), Dispute.opened_at, Dispute.due_at, Park.time_zone)
        .join(Dispute, Dispute.event_id == LoggedEvent.id)
        .join(Park, Park.id == LoggedEvent.park_id)
        .where(Dispute.state.in_([DisputeState.OPEN, DisputeState.UNDER_REVIEW]))
    )
    return Said(
        claims=tuple(
            Claim(
                kind="dispute",
                key=str(row.dispute_id),
                park_id=row.park_id,
                vehicle_id=row.vehicle_id,
                driver_id=row.driver_id,
                happened_at=row.opened_at,
                due_on=row.due_at.astimezone(ZoneInfo(row.time_zone)).date(),
                severity=Severity.ACT if row.due_at < at + SOON else Severity.LOOK,
                detail={"event_id": row.id, "what": row.kind.value},
            )
            for row in reader.execute(undecided)
        )
    )


def _events() -> sa.Select[*tuple[Any, ...]]:
    columns = (
        LoggedEvent.id,
        LoggedEvent.kind,
        LoggedEvent.park_id,
        LoggedEvent.vehicle_id,
        LoggedEvent.driver_id,
        LoggedEvent.happened_at,
    )
    return sa.select(*columns).where(LoggedEvent.withdrawn_at.is_(None))


def _claim(row: Any, *, kind: str, detail: dict[str, Any]) -> Claim:
    return Claim(
        kind=kind,
        key=str(row.id),
        park_id=row.park_id,
        vehicle_id=row.vehicle_id,
        driver_id=row.driver_id,
        happened_at=row.happened_at,
        detail={"event_id": row.id, **detail},
    )
