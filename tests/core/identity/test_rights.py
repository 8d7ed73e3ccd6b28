"""Grants as they are kept: how far they reach, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.access import queries as orders
from core.access import service as access
from core.access.models import Reason
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.db import Database
from core.errors import Forbidden, Invalid, NotFound
from core.events import service as events
from core.events.schemas import NewCircle, NewGeofence
from core.identity import queries, service
from core.identity.models import UserGrant, UserPark, UserRole
from core.permissions import Actor
from core.telemetry import queries as telemetry
from core.telemetry import service as intake
from core.telemetry.schemas import Point, Reading
from core.vehicles import queries as vehicles
from core.vehicles import service as registry
from core.vehicles.schemas import NewVehicle
from tests.conftest import ROOT, Fleet
from tests.core.telemetry.test_ingest import DEVICES
from tests.orders import PLENTY

ORDER = ImmobilizationOrder(reason=Reason.THEFT)
CIRCLE = NewCircle(lat=37.76, lon=-122.4, radius_m=200)


@pytest.fixture
def neighbour(database: Database, fleet: Fleet, at: datetime) -> int:
    """A second vehicle of the first park."""
    new = NewVehicle(vin="1M8GDM9AXKP042788", model="Bus", park_id=fleet.park_id)
    with database.transaction() as session:
        return registry.register_vehicle(session, actor=ROOT, at=at, new=new)


def grant(
    database: Database, fleet: Fleet, at: datetime, permission: str, *, roles: bool = True, **reach: object
) -> Actor:
    """The dispatcher as they are after one more grant: without their role if it would give the same."""
    user_id = fleet.user_ids["dispatcher"]
    with database.transaction() as session:
        session.add(UserGrant(user_id=user_id, permission=permission, granted_by="Tests", granted_at=at, **reach))
        if not roles:
            session.execute(sa.delete(UserRole).where(UserRole.user_id == user_id))
        return read(session, user_id, at)


def read(session, user_id: int, at: datetime) -> Actor:
    cookie = service.start_session(session, at=at, user_id=user_id, method="pwd", address="", agent="")
    found = queries.find_signed_in(session.connection(), cookie=cookie, at=at)
    assert found is not None
    return found.actor


def immobilize(database: Database, actor: Actor, at: datetime, vehicle_id: int) -> None:
    with database.transaction() as session:
        access.immobilize(
            session,
            actor=actor,
            at=at,
            vehicle_id=vehicle_id,
            order=ORDER,
            timing=AccessTiming(),
            limits=PLENTY,
        )


class TestAGrant:
    def test_for_one_vehicle_gives_the_right_over_that_one_alone(self, database, fleet, at, neighbour) -> None:
        actor = grant(database, fleet, at, "access:immobilize", vehicle_id=fleet.vehicle_id)
        with pytest.raises(Forbidden, match="does not reach this record"):
            immobilize(database, actor, at, neighbour)
        immobilize(database, actor, at, fleet.vehicle_id)

    def test_for_a_park_gives_it_over_the_vehicles_of_that_park(self, database, fleet, at) -> None:
        immobilize(
            database, grant(database, fleet, at, "access:immobilize", park_id=fleet.park_id), at, fleet.vehicle_id
        )

    def test_reaches_nothing_out_of_sight(self, database, fleet, at) -> None:
        for reach in ({"vehicle_id": fleet.other_vehicle_id}, {"park_id": fleet.other_park_id}):
            actor = grant(database, fleet, at, "access:immobilize", **reach)
            with pytest.raises(NotFound):
                immobilize(database, actor, at, fleet.other_vehicle_id)

    def test_counts_until_it_expires(self, database, fleet, at) -> None:
        grant(database, fleet, at, "access:immobilize", expires_at=at + timedelta(hours=1))
        user_id = fleet.user_ids["dispatcher"]
        with database.transaction() as session:
            assert read(session, user_id, at + timedelta(minutes=59)).may("access:immobilize")
            assert not read(session, user_id, at + timedelta(hours=1)).may("access:immobilize")

    def test_to_register_for_one_park_opens_no_other_and_adds_none(self, database, fleet, at) -> None:
        actor = grant(database, fleet, at, "vehicles:register", roles=False, park_id=fleet.park_id)
        with database.transaction() as session:
            session.add(UserPark(user_id=fleet.user_ids["dispatcher"], park_id=fleet.other_park_id))
            actor = read(session, fleet.user_ids["dispatcher"], at)
        other = NewVehicle(vin="1M8GDM9AXKP042788", model="Bus", park_id=fleet.other_park_id)
        with pytest.raises(Invalid, match="that park does not exist"), database.transaction() as session:
            registry.register_vehicle(session, actor=actor, at=at, new=other)
        with pytest.raises(Forbidden, match="sees all parks"), database.transaction() as session:
            registry.add_park(session, actor=actor, at=at, name="New", time_zone="UTC", currency="USD")

    def test_to_manage_geofences_of_one_park_changes_no_others(self, database, fleet, at) -> None:
        with database.transaction() as session:
            session.add(UserPark(user_id=fleet.user_ids["dispatcher"], park_id=fleet.other_park_id))
            ids = [
                events.add_geofence(
                    session, actor=ROOT, at=at, new=NewGeofence(name="Depot", park_id=park_id, circle=CIRCLE)
                )
                for park_id in (fleet.park_id, fleet.other_park_id, None)
            ]
        actor = grant(database, fleet, at, "events:manage_geofences", roles=False, park_id=fleet.park_id)
        for fence_id in ids[1:]:
            with pytest.raises(Forbidden), database.transaction() as session:
                events.close_geofence(session, actor=actor, at=at, geofence_id=fence_id)
        with database.transaction() as session:
            events.close_geofence(session, actor=actor, at=at, geofence_id=ids[0])


class TestAGrantToReadOneVehicle:
    """Nothing of the park is shown beside it."""

    @pytest.fixture
    def reported(self, database, fleet, at, neighbour) -> list[int]:
        """Both vehicles of the park have reported."""
        ids = [fleet.vehicle_id, neighbour]
        readings = [
            Reading(index=index, vehicle_id=vehicle_id, point=Point(ts=at, lat=37.7, lon=-122.4))
            for index, vehicle_id in enumerate(ids)
        ]
        with database.transaction() as session:
            intake.ingest(session, actor=DEVICES, at=at, source="tests", readings=readings)
        return ids

    def test_shows_its_telemetry_and_no_other(self, database, fleet, at, neighbour, reported) -> None:
        actor = grant(database, fleet, at, "telemetry:read", roles=False, vehicle_id=fleet.vehicle_id)
        with database.reading() as reader:
            assert set(telemetry.list_states(reader, viewer=actor)) == {fleet.vehicle_id}
            assert [s["vehicle_id"] for s in telemetry.list_states_by_id(reader, viewer=actor)] == [fleet.vehicle_id]
            assert [c["vehicle_id"] for c in telemetry.list_intake(reader, viewer=actor)] == [fleet.vehicle_id]
            assert len(telemetry.list_last_points(reader, viewer=actor, vehicle_id=fleet.vehicle_id, most=5)) == 1
            with pytest.raises(NotFound):
                telemetry.list_last_points(reader, viewer=actor, vehicle_id=neighbour, most=5)
            with pytest.raises(NotFound):
                telemetry.get_subject(reader, viewer=actor, vehicle_id=neighbour)

    def test_shows_its_record_and_no_other(self, database, fleet, at, neighbour) -> None:
        actor = grant(database, fleet, at, "vehicles:read", roles=False, vehicle_id=fleet.vehicle_id)
        with database.reading() as reader:
            assert [vehicle.id for vehicle in vehicles.list_vehicles(reader, viewer=actor)] == [fleet.vehicle_id]
            assert sum(vehicles.count_by_status(reader, viewer=actor).values()) == 1
            assert vehicles.list_parks(reader, viewer=actor) == []
            with pytest.raises(NotFound):
                vehicles.get_vehicle(reader, viewer=actor, vehicle_id=neighbour)

    def test_shows_its_orders_and_no_others(self, database, fleet, at, neighbour) -> None:
        actor = grant(database, fleet, at, "access:read", roles=False, vehicle_id=neighbour)
        immobilize(database, grant(database, fleet, at, "access:immobilize"), at, fleet.vehicle_id)
        with database.reading() as reader:
            assert orders.list_jobs(reader, viewer=actor) == []
            with pytest.raises(NotFound):
                orders.find_latest_job(reader, viewer=actor, vehicle_id=fleet.vehicle_id)
            assert orders.find_latest_job(reader, viewer=actor, vehicle_id=neighbour) is None
