"""What follows for the event log, and from it: whose events are when assignments change, and whether whoever answers
for an incident may drive.

Each job looks at how it is now, and not at what the fact told: done twice, late or in any order, it does no harm.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from core import clock, config, db
from core.access import queries as standings
from core.access import service as access
from core.access.queries import FactRecord
from core.access.schemas import FactKind, IncidentFact, Severity
from core.config import StandingThresholds
from core.db import Database, Writer
from core.drivers import queries as drivers
from core.errors import NotFound
from core.events import queries, service
from core.events.queries import Answering
from core.permissions import system

ACTOR = system("event log", "events:match", "drivers:read", "access:judge", "access:read")


def rematch(*, vehicle_id: int, assignment_id: int | None = None, driver_id: int | None = None) -> None:
    """Find out again whose the events of a vehicle are, and of those that the assignment was of before."""
    rematch_assignment(db.current(), at=clock.now(), vehicle_id=vehicle_id, assignment_id=assignment_id)


def rematch_assignment(database: Database, *, at: datetime, vehicle_id: int, assignment_id: int | None) -> int:
    """As `rematch`, of this database at this moment; returns how many events changed hands."""
    vehicle_ids = {vehicle_id}
    if assignment_id is not None:
        with database.reading() as reader:
            changes = drivers.list_assignment_changes(reader, viewer=ACTOR, assignment_id=assignment_id)
            vehicle_ids |= {change.vehicle_id for change in changes}
    with database.transaction() as session:
        return service.rematch_vehicles(session, actor=ACTOR, at=at, vehicle_ids=sorted(vehicle_ids))


def tell_standing(*, event_id: int, vehicle_id: int | None = None) -> None:
    """Tell whoever judges drivers how it is with an incident; of another event there is nothing to tell."""
    judge_incident(db.current(), at=clock.now(), event_id=event_id, thresholds=config.current().standing)


def judge_incident(database: Database, *, at: datetime, event_id: int, thresholds: StandingThresholds) -> None:
    """Tell what is new of an incident about those who answer for it, and let it go for those who do no longer.

    Two at once for one incident wait for each other.
    """
    with database.transaction() as session:
        db.take_transaction_lock(session, f"incident {event_id}")
        found = queries.find_answering(session.connection(), viewer=ACTOR, event_id=event_id)
        if found is None:
            return
        key = f"event-{event_id}"
        for driver_id in sorted(found.held):
            _tell(session, at, driver_id, key, found, thresholds)
        for driver_id in sorted(found.released):
            if _find_told(session, driver_id, key) is not None:
                access.withdraw_driver_fact(
                    session,
                    actor=ACTOR,
                    at=at,
                    driver_id=driver_id,
                    kind=FactKind.INCIDENT,
                    key=key,
                    as_of=at,
                    thresholds=thresholds,
                )


def _tell(
    session: Writer, at: datetime, driver_id: int, key: str, found: Answering, thresholds: StandingThresholds
) -> None:
    fact = IncidentFact(
        as_of=at,
        severity=Severity(found.severity),
        at=found.happened_at,
        is_theft=found.is_theft,
        resolved_at=found.resolved_at,
    )
    value = {name: one for name, one in msgspec.to_builtins(fact).items() if name != "as_of"}
    told = _find_told(session, driver_id, key)
    if told is None or told.value != value:
        access.note_driver_fact(
            session, actor=ACTOR, at=at, driver_id=driver_id, key=key, fact=fact, thresholds=thresholds
        )


def _find_told(session: Writer, driver_id: int, key: str) -> FactRecord | None:
    """What counts of this incident for a driver; None when nothing does."""
    kind = FactKind.INCIDENT
    reader = session.connection()
    try:
        told = standings.get_driver_fact(reader, viewer=ACTOR, driver_id=driver_id, kind=kind, key=key)
    except NotFound:
        return None
    return told if told.withdrawn_at is None else None
