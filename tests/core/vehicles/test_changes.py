"""Changing the record of a vehicle, and moving it to another park."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from core.permissions import OPERATOR, STAFF, Actor
from core.vehicles import queries, service
from core.vehicles.schemas import NewVehicle, VehicleChange
from tests.conftest import ROOT


@pytest.fixture
def record(database, fleet):
    def read(vehicle_id=fleet.vehicle_id):
        with database.reading() as reader:
            return queries.get_vehicle(reader, viewer=ROOT, vehicle_id=vehicle_id)

    return read


@pytest.fixture
def change(database, fleet, at):
    def changed(*, actor=ROOT, versions=None, vehicle_id=fleet.vehicle_id, **fields):
        with database.transaction() as session:
            return service.change_vehicle(
                session,
                actor=actor,
                at=at,
                vehicle_id=vehicle_id,
                change=VehicleChange(**fields),
                versions=versions,
            )

    return changed


@pytest.fixture
def history(database, fleet, at):
    def read():
        with database.reading() as reader:
            return queries.list_history(
                reader,
                viewer=ROOT,
                vehicle_id=fleet.vehicle_id,
                actions=["vehicles.vehicle_changed"],
                before=at + timedelta(seconds=1),
            )

    return read


class TestChange:
    def test_keeps_what_was_and_what_is_and_by_whom(self, change, record, history):
        version = change(plate=" 8abc111 ", make=None, year=2022, powertrain="ice")

        assert (record().plate, record().make, record().year) == ("8ABC111", None, 2022)
        assert version == record().version
        (entry,) = history()
        assert entry.by == "Tests"
        assert entry.detail["changes"] == [
            {"field": "plate", "before": "7ABC123", "after": "8ABC111"},
            {"field": "make", "before": "Honda", "after": None},
            {"field": "year", "before": 2021, "after": 2022},
        ]

    def test_that_changes_nothing_writes_nothing(self, change, record, history):
        before = record()

        assert change(plate="7abc123") == before.version
        assert record() == before
        assert history() == []

    def test_is_made_for_the_version_that_was_read(self, change, record):
        version = record().version
        change(name="First", versions={version})
        with pytest.raises(PreconditionFailed):
            change(name="Second", versions={version})
        assert record().name == "First"

    def test_does_not_take_the_plate_of_another(self, change, database, fleet, at):
        with database.transaction() as session:
            new = NewVehicle(vin="WVWZZZ1JZ3W000001", model="Golf", plate="TAKEN", park_id=fleet.park_id)
            other = service.register_vehicle(session, actor=ROOT, at=at, new=new)
        with pytest.raises(Conflict) as refused:
            change(plate="taken")
        assert refused.value.facts == {"vehicle_id": other}

    def test_is_for_who_may_and_for_what_they_see(self, change, fleet):
        staff = Actor("user", 9, "Staff", roles=frozenset({STAFF}), parks=frozenset({fleet.park_id}))
        change(actor=staff, name="By staff")
        with pytest.raises(NotFound):
            change(actor=staff, vehicle_id=fleet.other_vehicle_id, name="Elsewhere")
        with pytest.raises(Forbidden):
            change(actor=Actor("user", 9, "Nobody", parks=None), name="Nobody")


class TestMove:
    @pytest.fixture
    def move(self, database, fleet, at):
        def moved(park_id, actor=ROOT):
            with database.transaction() as session:
                service.move_vehicle(session, actor=actor, at=at, vehicle_id=fleet.vehicle_id, park_id=park_id)

        return moved

    def test_is_kept_with_both_parks(self, move, record, history, fleet):
        move(fleet.other_park_id)

        assert record().park == "Mission"
        assert history()[0].detail["changes"] == [{"field": "park", "before": "Bayview", "after": "Mission"}]
        with pytest.raises(Conflict):
            move(fleet.other_park_id)

    def test_needs_both_parks_in_view(self, move, record, fleet):
        operator = Actor("user", 9, "Operator", roles=frozenset({OPERATOR}), parks=frozenset({fleet.park_id}))
        for park_id in (fleet.other_park_id, 999):
            with pytest.raises(Invalid):
                move(park_id, operator)
        assert record().park == "Bayview"
