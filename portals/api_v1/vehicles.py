"""The registry of vehicles."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for

from core.vehicles import queries, rules, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import NewVehicle
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record
from portals.doors import actor, at, read, write
from portals.forms import parse_json


@bp.post("/transport_registry")
def register_vehicle() -> Response:
    """Put a vehicle into the registry: 201, its address and its record; 409 names the record that has the VIN."""
    new = parse_json(NewVehicle)
    session = write()
    vehicle_id = service.register_vehicle(session, actor=actor(), at=at(), new=new)
    vehicle = queries.get_vehicle(session.connection(), viewer=service.REGISTRAR, vehicle_id=vehicle_id)
    response = show_record(_show(vehicle), vehicle.version, 201)
    response.headers["Location"] = url_for("api_v1.get_vehicle", vehicle_id=vehicle_id)
    return response


@bp.get("/vehicles")
def list_vehicles() -> Response:
    """The vehicles in sight, by id."""
    most = pages.limit(default=50, most=500)
    vehicles = queries.list_vehicles(read(), viewer=actor(), after_id=pages.after_id(), most=most)
    last_id = vehicles[-1].id if vehicles else None
    return jsonify(pages.page([_show(vehicle) for vehicle in vehicles], most=most, last_id=last_id))


@bp.get("/vehicles/<int:vehicle_id>")
def get_vehicle(vehicle_id: int) -> Response:
    """One vehicle."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    return show_record(_show(vehicle), vehicle.version)


@bp.get("/parks")
def list_parks() -> Response:
    """The parks in sight."""
    return jsonify(pages.page(queries.list_parks(read(), viewer=actor()), most=10_000, last_id=None))


def _show(vehicle: VehicleRecord) -> dict[str, Any]:
    tracker = None
    if vehicle.device_uid is not None:
        tracker = {
            "device_uid": vehicle.device_uid,
            "family": vehicle.family,
            "relay_gateway": vehicle.relay_gateway,
            "relay_output": vehicle.relay_output,
            "relay_inverted": vehicle.relay_inverted,
        }
    warning = rules.vin_warning(vehicle.vin)
    return {
        "id": vehicle.id,
        "park_id": vehicle.park_id,
        "vin": vehicle.vin,
        "plate": vehicle.plate,
        "name": vehicle.name,
        "make": vehicle.make,
        "model": vehicle.model,
        "year": vehicle.year,
        "powertrain": vehicle.powertrain,
        "vehicle_class": vehicle.vehicle_class,
        "status": vehicle.status,
        "tracker": tracker,
        "warnings": [warning] if warning else [],
        "created_at": vehicle.created_at,
    }
