"""Vehicles with a relay each, which have stood for half a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.db import Database
from core.permissions import DEVICE, Actor
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles import service as registry
from core.vehicles.models import Powertrain, RelayGateway
from core.vehicles.schemas import NewTracker, NewVehicle
from tests.conftest import ROOT, Fleet

DEVICES = Actor("device", None, "devices", roles=frozenset({DEVICE}), parks=None)


def add_cars(database: Database, fleet: Fleet, at: datetime, *, how_many: int) -> list[int]:
    """So many of them, in the first park."""
    made = []
    with database.transaction() as session:
        for number in range(how_many):
            tracker = NewTracker(device_uid=f"8600000000001{number:02}", relay_gateway=RelayGateway.VIALON_RELAY)
            new = NewVehicle(
                vin=f"WBA3A5C5XCF2{number:05}",
                model="Vue",
                park_id=fleet.park_id,
                powertrain=Powertrain.ICE,
                tracker=tracker,
            )
            made.append(registry.register_vehicle(session, actor=ROOT, at=at, new=new))
    for ago in (30, 0):
        moment = at - timedelta(seconds=ago)
        readings = [
            Reading(index=number, vehicle_id=vehicle_id, point=Point(ts=moment, speed_kmh=0.0, ignition=False))
            for number, vehicle_id in enumerate(made)
        ]
        with database.transaction() as session:
            telemetry.ingest(session, actor=DEVICES, at=moment, source="test", readings=readings)
    return made
