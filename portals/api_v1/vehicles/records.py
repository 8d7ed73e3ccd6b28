"""The records of vehicles: registered, read, changed, moved to another park or status; and the parks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import url_for
from msgspec import Meta

from core.vehicles import queries, rules, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import (
    NewVehicle,
    Powertrain,
    RecordId,
    RelayGateway,
    TrackerFamily,
    VehicleChange,
    VehicleClass,
    VehicleStatus,
)
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, read, write


class Tracker(msgspec.Struct, frozen=True, kw_only=True):
    """The device of a vehicle. Its key is never shown."""

    device_uid: str
    family: TrackerFamily | None
    relay_gateway: RelayGateway | None
    relay_output: int | None
    relay_inverted: bool | None


class VinHint(msgspec.Struct, frozen=True, kw_only=True):
    """What the VIN tells by itself; the papers decide."""

    region: Annotated[str, Meta(description="Of the maker (ISO 3780).")]
    country: Annotated[str | None, Meta(description="Of the maker, where it is one of those that make many.")]
    model_year: Annotated[int | None, Meta(description="Null where place 10 tells none.")]
    is_year_bound: Annotated[bool, Meta(description="Whether the law binds the maker to tell the year there.")]


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
    vin_hint: VinHint
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


class StatusWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A status, and why."""

    status: VehicleStatus
    reason: Annotated[str, Meta(min_length=3, max_length=rules.LONGEST_REASON)]


class ParkWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The park that a vehicle moves to."""

    park_id: RecordId


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
    return show_written(vehicle_id, location=url_for("api_v1.get_vehicle", vehicle_id=vehicle_id))


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


@bp.patch("/vehicles/<int:vehicle_id>")
@operation(
    body=VehicleChange,
    answers={200: Vehicle},
    refuses=(409,),
    conditional=True,
    example={"plate": "8XYZ001", "powertrain": "hybrid"},
)
def change_vehicle(vehicle_id: int, body: VehicleChange) -> Answer:
    """Change what is named of the record; null takes a value away. 409 names the vehicle that has the plate."""
    service.change_vehicle(
        write(), actor=actor(), at=at(), vehicle_id=vehicle_id, change=body, versions=wanted_versions()
    )
    return show_written(vehicle_id)


@bp.put("/vehicles/<int:vehicle_id>/status")
@operation(
    body=StatusWish,
    answers={200: Vehicle},
    refuses=(409,),
    conditional=True,
    example={"status": "in_repair", "reason": "Brakes, until Friday"},
)
def set_vehicle_status(vehicle_id: int, body: StatusWish) -> Answer:
    """Move the vehicle to a status; one that it has already changes nothing. 409 tells the `vehicle_status` it has,
    which that one may not follow: nothing follows `written_off`, and only a person writes a vehicle off.
    """
    service.change_status(
        write(),
        actor=actor(),
        at=at(),
        vehicle_id=vehicle_id,
        status=body.status,
        reason=body.reason,
        versions=wanted_versions(),
    )
    return show_written(vehicle_id)


@bp.put("/vehicles/<int:vehicle_id>/park")
@operation(body=ParkWish, answers={200: Vehicle}, refuses=(409,), example={"park_id": 2})
def move_vehicle(vehicle_id: int, body: ParkWish) -> Answer:
    """Move the vehicle to another park, out of the groups of this one. Your right has to reach both parks."""
    service.move_vehicle(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, park_id=body.park_id)
    return show_written(vehicle_id)


@bp.get("/parks")
@operation(answers={200: ParkPage})
def list_parks() -> dict[str, Any]:
    """The parks in sight."""
    return pages.page(queries.list_parks(read(), viewer=actor()), most=10_000, last_id=None)


def show_written(vehicle_id: int, *, location: str | None = None) -> Answer:
    """The record as it stands in this transaction, to whoever may write it but perhaps not read."""
    session = write()
    session.flush()
    vehicle = queries.get_vehicle(session.connection(), viewer=service.REGISTRAR, vehicle_id=vehicle_id)
    return show_record(_show(vehicle), vehicle.version, location=location)


def _show(vehicle: VehicleRecord) -> Vehicle:
    warning = rules.vin_warning(vehicle.vin)
    hint = rules.hint_from_vin(vehicle.vin, this_year=at().year)
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
        vin_hint=VinHint(region=hint.region, country=hint.country, model_year=hint.year, is_year_bound=hint.is_sure),
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
