"""Drivers and their vehicles: nobody has two at once."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timedelta

import pytest

from core.db import Database
from core.drivers import queries, service
from core.drivers.models import AssignmentKind
from core.drivers.schemas import NewDriver
from core.errors import Conflict, NotFound
from tests.conftest import ROOT, Fleet


@pytest.fixture
def second_driver(database: Database, fleet: Fleet, at: datetime) -> int:
    with database.transaction() as session:
        return service.register_driver(
            session,
            actor=ROOT,
            at=at,
            new=NewDriver(name="Ben Okafor", phone="+14155550101", park_id=fleet.park_id),
        )


def assign(database: Database, at: datetime, driver_id: int, vehicle_id: int, hours: int = 8) -> int:
    with database.transaction() as session:
        return service.assign_vehicle(
            session,
            actor=ROOT,
            at=at,
            driver_id=driver_id,
            vehicle_id=vehicle_id,
            kind=AssignmentKind.SHIFT,
            starts_at=at,
            ends_at=at + timedelta(hours=hours),
        )


class TestAssigningAVehicle:
    def test_is_refused_while_another_driver_has_it(
        self, database: Database, fleet: Fleet, at: datetime, second_driver: int
    ) -> None:
        with pytest.raises(Conflict, match="already assigned"):
            assign(database, at, second_driver, fleet.vehicle_id)

    def test_is_refused_to_a_driver_who_has_another(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(Conflict, match="already assigned"):
            assign(database, at, fleet.driver_id, fleet.other_vehicle_id)

    def test_may_begin_at_the_moment_the_last_one_ends(
        self, database: Database, fleet: Fleet, at: datetime, second_driver: int
    ) -> None:
        assign(database, at, second_driver, fleet.other_vehicle_id, hours=2)
        assign(database, at + timedelta(hours=2), second_driver, fleet.other_vehicle_id)

    def test_succeeds_for_exactly_one_of_many_who_try_at_once(
        self, database: Database, fleet: Fleet, at: datetime, second_driver: int
    ) -> None:
        made: list[int] = []

        def attempt(hours: int) -> None:
            with contextlib.suppress(Conflict):
                made.append(assign(database, at + timedelta(minutes=hours), second_driver, fleet.other_vehicle_id))

        attempts = [threading.Thread(target=attempt, args=(n,)) for n in range(10)]
        for thread in attempts:
            thread.start()
        for thread in attempts:
            thread.join()
        assert len(made) == 1

    def test_answers_not_found_for_a_driver_who_does_not_exist(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        with pytest.raises(NotFound):
            assign(database, at, 999, fleet.other_vehicle_id)


class TestTheCurrentDriver:
    def test_is_the_one_assigned_at_that_moment(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.reading() as reader:
            now = queries.list_current_drivers(reader, viewer=ROOT, at=at)
            before = queries.list_current_drivers(reader, viewer=ROOT, at=at - timedelta(days=2))
        assert now[fleet.vehicle_id].name == "Ana Lopez"
        assert before == {}


class TestRegisteringADriver:
    def test_names_the_driver_who_already_has_the_phone(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(Conflict) as refusal, database.transaction() as session:
            service.register_driver(
                session,
                actor=ROOT,
                at=at,
                new=NewDriver(name="Ana Again", phone="+14155550100", park_id=fleet.park_id),
            )
        assert refusal.value.facts["driver_id"] == fleet.driver_id


class TestEndingAnAssignment:
    def test_frees_the_vehicle_and_keeps_the_history(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            service.end_assignment(session, actor=ROOT, at=at, driver_id=fleet.driver_id)
        with database.reading() as reader:
            now = queries.list_current_drivers(reader, viewer=ROOT, at=at)
            before = queries.list_current_drivers(reader, viewer=ROOT, at=at - timedelta(minutes=1))
        assert now == {}
        assert before[fleet.vehicle_id].driver_id == fleet.driver_id

    def test_is_refused_when_there_is_none(
        self, database: Database, fleet: Fleet, at: datetime, second_driver: int
    ) -> None:
        with pytest.raises(Conflict, match="nothing to end"), database.transaction() as session:
            service.end_assignment(session, actor=ROOT, at=at, driver_id=second_driver)
