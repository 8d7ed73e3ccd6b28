"""A lock waits until the vehicle has left a place where nothing is locked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.models import ImmobilizationJob as Job
from core.access.models import Reason
from core.access.service.inputs import read_inputs
from core.events import service as events
from core.events.schemas import NewCircle, NewGeofence
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from tests.conftest import ROOT
from tests.core.access.fair import Debtor
from tests.core.telemetry.test_ingest import DEVICES

HOSPITAL = NewCircle(lat=37.76, lon=-122.42, radius_m=200)
STANDING = {"speed_kmh": 0.0, "ignition": False}


@pytest.fixture
def zone_of(database, fleet, at):
    """The place that the policy is told of an approved order, the vehicle standing where the report says."""

    def read(*, before=(), **place):
        points = [Point(ts=at - timedelta(seconds=9 - n), **STANDING, **place) for n in range(10)]
        stands = [Reading(index=n, vehicle_id=fleet.vehicle_id, point=p) for n, p in enumerate([*before, *points])]
        with database.transaction() as session:
            telemetry.ingest(session, actor=DEVICES, at=at, source="tests", readings=stands)
        job_id = Debtor(database, fleet, at).lock(Reason.MAINTENANCE)
        with database.transaction() as session:
            inputs = read_inputs(session, [session.get_one(Job, job_id)], at=at, traffic=None)
        return inputs[job_id].no_lock_zone

    return read


def add_zone(database, at) -> None:
    with database.transaction() as session:
        new = NewGeofence(name="General Hospital", circle=HOSPITAL, no_lock="hospital")
        events.add_geofence(session, actor=ROOT, at=at, new=new)


class TestALock:
    def test_waits_in_a_no_lock_zone(self, database, at, zone_of):
        add_zone(database, at)
        assert zone_of(lat=37.761, lon=-122.42) == "General Hospital (hospital)"

    def test_does_not_wait_elsewhere(self, database, at, zone_of):
        add_zone(database, at)
        assert zone_of(lat=37.78, lon=-122.42) is None

    def test_waits_where_the_place_is_not_known_and_there_are_zones(self, database, at, zone_of):
        add_zone(database, at)
        assert "not known" in zone_of()

    def test_waits_when_the_last_place_is_from_before_it_stood(self, database, at, zone_of):
        add_zone(database, at)
        drove = Point(ts=at - timedelta(seconds=30), speed_kmh=60.0, ignition=True, lat=37.78, lon=-122.42)
        assert "not known" in zone_of(before=[drove])

    def test_asks_for_no_place_where_there_are_no_zones(self, zone_of):
        assert zone_of() is None
