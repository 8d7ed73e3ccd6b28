"""What follows from the documents of drivers: whether they may drive is judged by them.

Each job looks at how it is now, and not at what the fact told: done twice, late or in any order, it does no harm.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from core import clock, config, db
from core.access import queries as standings
from core.access import service as access
from core.access.schemas import DocumentFact, DocumentState, FactKind
from core.config import StandingThresholds
from core.db import Database, Writer
from core.drivers import queries as drivers
from core.drivers.rules.documents import ASKABLE, KindStanding
from core.drivers.schemas import Stage
from core.errors import NotFound
from core.permissions import system

ACTOR = system("driver documents", "access:judge", "access:read", "drivers:read")


def judge_driver(*, driver_id: int, document_id: int | None = None, change_id: int | None = None) -> None:
    """Tell how it is with the documents of one driver."""
    judge_papers(db.current(), at=clock.now(), driver_id=driver_id, thresholds=config.current().standing)


def judge_park(*, park_id: int) -> None:
    """Tell how it is with the documents of every driver of a park: it asks for others now."""
    database = db.current()
    with database.reading() as reader:
        ids = drivers.list_drivers_of_park(reader, viewer=ACTOR, park_id=park_id)
    for driver_id in ids:
        judge_papers(database, at=clock.now(), driver_id=driver_id, thresholds=config.current().standing)


def judge_papers(database: Database, *, at: datetime, driver_id: int, thresholds: StandingThresholds) -> None:
    """Tell what is new of the documents of a driver who drives. Two at once for one driver wait for each other."""
    with database.transaction() as session:
        db.take_transaction_lock(session, f"documents of driver {driver_id}")
        reader = session.connection()
        try:
            driver = drivers.get_driver(reader, viewer=ACTOR, driver_id=driver_id, at=at)
        except NotFound:
            return
        if driver.stage is not Stage.ACTIVE:
            return
        found = drivers.list_kind_standings(reader, viewer=ACTOR, driver_ids=[driver_id])[driver_id]
        told = {
            fact.key: fact
            for fact in standings.list_driver_facts(reader, viewer=ACTOR, driver_id=driver_id)
            if fact.kind is FactKind.DOCUMENT and fact.withdrawn_at is None
        }
        for one in found:
            fact = _as_fact(one, at, driver.time_zone)
            known = told.get(one.kind)
            if known is None or known.value != _value(fact):
                access.note_driver_fact(
                    session, actor=ACTOR, at=at, driver_id=driver_id, key=one.kind, fact=fact, thresholds=thresholds
                )
        now_told = {one.kind for one in found}
        for kind in ASKABLE:
            if kind in told and kind not in now_told and told[kind].noted_by == ACTOR.name:
                _withdraw(session, at=at, driver_id=driver_id, key=kind, thresholds=thresholds)


def _withdraw(session: Writer, *, at: datetime, driver_id: int, key: str, thresholds: StandingThresholds) -> None:
    access.withdraw_driver_fact(
        session,
        actor=ACTOR,
        at=at,
        driver_id=driver_id,
        kind=FactKind.DOCUMENT,
        key=key,
        as_of=at,
        thresholds=thresholds,
    )


def _as_fact(one: KindStanding, at: datetime, zone: str) -> DocumentFact:
    """It holds until the end of its last day in the park."""
    until = None
    if one.valid_until is not None:
        until = datetime.combine(one.valid_until + timedelta(days=1), time(), ZoneInfo(zone))
    return DocumentFact(as_of=at, state=DocumentState(one.standing), valid_until=until)


def _value(fact: DocumentFact) -> dict[str, object]:
    return {name: one for name, one in msgspec.to_builtins(fact).items() if name != "as_of"}
