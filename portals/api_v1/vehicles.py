"""The registry of vehicles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import url_for
from msgspec import Meta

from core.vehicles import queries, rules, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import NewVehicle, Powertrain, RelayGateway, TrackerFamily, VehicleClass, VehicleStatus
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, read, write


class Tracker(msgspec.Struct, frozen=True, kw_only=True):
    """The device of a vehicle. Its key is never shown."""

    device_uid: str
    family: TrackerFamily | None
    relay_gateway: RelayGateway | None
    relay_output: int | None
    relay_inverted: bool | None


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle of the registry."""

    id: int
    park_id: int
    vin: str
    plate: str | None
    name: str
    make: str | None
    model: str
    year: int | None
    powertrain: Powertrain | None
    vehicle_class: VehicleClass
    status: VehicleStatus
    tracker: Annotated[Tracker | None, Meta(description="Null without one.")]
    warnings: Annotated[list[str], Meta(description="Why the VIN of another continent may be mistyped.")]
    created_at: datetime


class VehiclePage(pages.Page, frozen=True, kw_only=True):
    """Vehicles by id."""

    items: list[Vehicle]


class Park(msgspec.Struct, frozen=True, kw_only=True):
    """A place that vehicles belong to. Its zone defines its days."""

    id: int
    name: str
    time_zone: Annotated[str, Meta(description="A name of the IANA database, such as America/Los_Angeles.")]
    currency: Annotated[str, Meta(description="A code of ISO 4217.")]


class ParkPage(pages.Page, frozen=True, kw_only=True):
    """Parks by name."""

    items: list[Park]


class VehicleQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which vehicles."""

    limit: pages.UpTo500 = 50


EXAMPLE = {
    "vin": "1M8GDM9AXKP042788",
    "model": "Motor coach",
    "park_id": 1,
    "name": "COACH-1",
    "tracker": {"device_uid": "356307042441013", "relay_gateway": "vialon_relay", "relay_output": 1},
}


@bp.post("/transport_registry")
@operation(body=NewVehicle, answers={201: Vehicle}, refuses=(409,), example=EXAMPLE)
def register_vehicle(body: NewVehicle) -> Answer:
    """Put a vehicle into the registry: its address and its record. 409 names the record that has the VIN."""
    session = write()
    vehicle_id = service.register_vehicle(session, actor=actor(), at=at(), new=body)
    vehicle = queries.get_vehicle(session.connection(), viewer=service.REGISTRAR, vehicle_id=vehicle_id)
    location = url_for("api_v1.get_vehicle", vehicle_id=vehicle_id)
    return show_record(_show(vehicle), vehicle.version, location=location)


@bp.get("/vehicles")
@operation(query=VehicleQuery, answers={200: VehiclePage})
def list_vehicles(query: VehicleQuery) -> dict[str, Any]:
    """The vehicles in sight, by id."""
    after_id, most = pages.after_id(query.cursor), query.limit
    vehicles = queries.list_vehicles(read(), viewer=actor(), after_id=after_id, most=most)
    last_id = vehicles[-1].id if vehicles else None
    return pages.page([_show(vehicle) for vehicle in vehicles], most=most, last_id=last_id)


@bp.get("/vehicles/<int:vehicle_id>")
@operation(answers={200: Vehicle})
def get_vehicle(vehicle_id: int) -> Answer:
    """One vehicle."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    return show_record(_show(vehicle), vehicle.version)


@bp.get("/parks")
@operation(answers={200: ParkPage})
def list_parks() -> dict[str, Any]:
    """The parks in sight."""
    return pages.page(queries.list_parks(read(), viewer=actor()), most=10_000, last_id=None)


def _show(vehicle: VehicleRecord) -> Vehicle:
    warning = rules.vin_warning(vehicle.vin)
    return Vehicle(
        id=vehicle.id,
        park_id=vehicle.park_id,
        vin=vehicle.vin,
        plate=vehicle.plate,
        name=vehicle.name,
        make=vehicle.make,
        model=vehicle.model,
        year=vehicle.year,
        powertrain=vehicle.powertrain,
        vehicle_class=vehicle.vehicle_class,
        status=vehicle.status,
        tracker=_show_tracker(vehicle),
        warnings=[warning] if warning else [],
        created_at=vehicle.created_at,
    )


def _show_tracker(vehicle: VehicleRecord) -> Tracker | None:
    if vehicle.device_uid is None:
        return None
    return Tracker(
        device_uid=vehicle.device_uid,
        family=vehicle.family,
        relay_gateway=vehicle.relay_gateway,
        relay_output=vehicle.relay_output,
        relay_inverted=vehicle.relay_inverted,
    )
