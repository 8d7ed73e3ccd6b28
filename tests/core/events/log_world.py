"""A park with two drivers and two vehicles, people of its office, and short ways to tell of events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import Database
from core.drivers import service as drivers
from core.drivers.models import AssignmentKind, Driver
from core.drivers.schemas import NewDriver
from core.events import queries, service
from core.events.queries import EventDetail, LogLine, LogQuery
from core.events.schemas import (
    EventSource,
    FineOffence,
    IncidentSeverity,
    IncidentType,
    NewFine,
    NewIncident,
    NewRecord,
)
from core.permissions import DRIVER, OPERATOR, Actor
from tests.conftest import ROOT, Fleet

HOUR = timedelta(hours=1)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa7\x35\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)


class World:
    """Ana (driver 1) has the first vehicle since a day ago; Ben has none."""

    def __init__(self, database: Database, fleet: Fleet, at: datetime) -> None:
        self.database, self.fleet, self.at = database, fleet, at
        self.ana, self.car = fleet.driver_id, fleet.vehicle_id
        with database.transaction() as session:
            new = NewDriver(name="Ben Stone", phone="+14155550177", park_id=fleet.park_id)
            self.ben = drivers.register_driver(session, actor=ROOT, at=at, new=new)
        self.clerk = self.person("operator", OPERATOR)
        self.chief = self.person("dispatcher", OPERATOR)
        self.ana_self = self.person("driver", DRIVER)

    def person(self, name: str, role: str) -> Actor:
        """Somebody of the fleet, of the first park."""
        parks = frozenset({self.fleet.park_id}) if role == OPERATOR else None
        return Actor("user", self.fleet.user_ids[name], name, roles=frozenset({role}), parks=parks)

    def fine(self, number: str = "AB-1", hours_ago: float = 2, **more: Any) -> NewFine:
        """A fine for the first vehicle."""
        told = {
            "vehicle_id": self.car,
            "happened_at": self.at - hours_ago * HOUR,
            "issuer": "City of Oakland",
            "number": number,
            "offence": FineOffence.SPEEDING,
            "amount_minor": 12_000,
            "currency": "USD",
        }
        return NewFine(**{**told, **more})

    def incident(self, hours_ago: float = 3, **more: Any) -> NewIncident:
        """A collision of the first vehicle."""
        told = {
            "vehicle_id": self.car,
            "happened_at": self.at - hours_ago * HOUR,
            "what": IncidentType.COLLISION,
            "severity": IncidentSeverity.SERIOUS,
        }
        return NewIncident(**{**told, **more})

    def record(self, new: NewRecord, *, actor: Actor | None = None) -> int:
        """Record it by the clerk; returns the event's id."""
        with self.database.transaction() as session:
            told = service.record_event(
                session, actor=actor or self.clerk, at=self.at, new=new, source=EventSource.OFFICE
            )
        return told.event_id

    def do(self, verb: Any, *, actor: Actor | None = None, later: float = 0, **given: Any) -> Any:
        """One verb in a transaction of its own."""
        with self.database.transaction() as session:
            return verb(session, actor=actor or self.clerk, at=self.at + later * HOUR, **given)

    def get(self, event_id: int) -> EventDetail:
        """An event as the clerk sees it."""
        with self.database.reading() as reader:
            return queries.get_event(reader, viewer=self.clerk, event_id=event_id)

    def log(self, *, viewer: Actor | None = None, **asked: Any) -> list[LogLine]:
        """The log as the clerk sees it."""
        with self.database.reading() as reader:
            return queries.list_log(reader, viewer=viewer or self.clerk, query=LogQuery(**asked))

    def give(self, driver_id: int, start: float, end: float | None) -> int:
        """Give the second driver or the first one the vehicle from `start` to `end` hours from now."""
        with self.database.transaction() as session:
            return drivers.assign_vehicle(
                session,
                actor=ROOT,
                at=self.at,
                driver_id=driver_id,
                vehicle_id=self.car,
                kind=AssignmentKind.RENTAL if end is None or end - start > 24 else AssignmentKind.SHIFT,
                starts_at=self.at + start * HOUR,
                ends_at=None if end is None else self.at + end * HOUR,
            )

    def key_of(self, driver_id: int) -> int:
        """The vault key of a driver."""
        with self.database.reading() as reader:
            return reader.execute(sa.select(Driver.key_id).where(Driver.id == driver_id)).scalar_one()
