"""A park of eight colleagues with accounts, and what is done to them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import outbox
from core.access import service as access
from core.config import StandingThresholds
from core.drivers import service as drivers
from core.drivers.schemas import NewDriver
from core.events.models import Detection
from core.identity import service as identity
from core.permissions import DRIVER, OPERATOR, Actor, pseudonym
from core.telemetry.models import trips
from tasks import ratings as tasks
from tests.conftest import PASSWORD, ROOT

THRESHOLDS = StandingThresholds()


def as_driver(user_id: int) -> Actor:
    return Actor("user", user_id, pseudonym(user_id), roles=frozenset({DRIVER}))


def as_operator(user_id: int, park_id: int = 1) -> Actor:
    return Actor("user", user_id, pseudonym(user_id), roles=frozenset({OPERATOR}), parks=frozenset({park_id}))


class Park:
    """The park of the fleet; `people` are (driver_id, actor), the first is the driver of the fleet."""

    def __init__(self, database, fleet, at):
        self.database, self.fleet, self.at = database, fleet, at
        self.people = [(fleet.driver_id, as_driver(fleet.user_ids["driver"]))]
        self.office = as_operator(fleet.user_ids["operator"])
        self.colleague = as_operator(fleet.user_ids["dispatcher"])

    def hire(self, count):
        with self.database.transaction() as session:
            for n in range(count):
                user_id = identity.create_user(
                    session,
                    actor=ROOT,
                    at=self.at,
                    email=f"d{n}@example.test",
                    name=f"Person {n}",
                    password=PASSWORD,
                    roles=["driver"],
                )
                new = NewDriver(name=f"Person {n}", phone=f"+1415555030{n}", park_id=self.fleet.park_id)
                driver_id = drivers.register_driver(session, actor=ROOT, at=self.at, new=new, user_id=user_id)
                self.people.append((driver_id, as_driver(user_id)))
        return self

    def note(self, key, fact, *, actor=None):
        with self.database.transaction() as session:
            access.note_driver_fact(
                session,
                actor=actor or self.office,
                at=self.at,
                driver_id=self.fleet.driver_id,
                key=key,
                fact=fact,
                thresholds=THRESHOLDS,
            )

    def drive(self, km, *, days_ago=0.5, **events):
        """A trip of the fleet's first vehicle, with so many events of each kind."""
        began = self.at - timedelta(days=days_ago)
        with self.database.transaction() as session:
            session.execute(
                sa.insert(trips).values(
                    vehicle_id=self.fleet.vehicle_id,
                    started_at=began,
                    ended_at=began + timedelta(minutes=30),
                    distance_m=km * 1000.0,
                    moving_s=1800,
                    idle_s=0,
                    max_speed_kmh=90,
                    point_count=10,
                    changed_at=self.at,
                )
            )
            for kind, count in events.items():
                for n in range(count):
                    session.add(
                        Detection(
                            id=uuid.uuid4(),
                            vehicle_id=self.fleet.vehicle_id,
                            kind=kind,
                            started_at=began + timedelta(seconds=n),
                            value=5.0,
                            detail={},
                            detected_at=self.at,
                            changed_at=self.at,
                        )
                    )

    def make_room(self, at):
        """Facts are kept by day: let there be a place for those of another day."""
        with self.database.transaction() as session:
            outbox.make_storage(session, at=at)

    def keep(self, at):
        self.make_room(at)
        return tasks.keep_ratings(self.database, at=at, thresholds=THRESHOLDS)


@pytest.fixture
def park(database, fleet, at):
    return Park(database, fleet, at)
