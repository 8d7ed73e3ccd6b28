"""Tables of parks, of vehicles and of what belongs to them. A file is a noun."""

from __future__ import annotations

from core.vehicles.models.fields import FieldKind, VehicleField, VehicleFieldValue
from core.vehicles.models.groups import GroupMember, VehicleGroup
from core.vehicles.models.papers import DocumentKind, DocumentPage, VehicleDocument, VehiclePhoto
from core.vehicles.models.registry import Park, Powertrain, Vehicle, VehicleClass, VehicleStatus, VehicleStatusChange
from core.vehicles.models.trackers import RelayGateway, Tracker, UnknownDevice

__all__ = [
    "DocumentKind",
    "DocumentPage",
    "FieldKind",
    "GroupMember",
    "Park",
    "Powertrain",
    "RelayGateway",
    "Tracker",
    "UnknownDevice",
    "Vehicle",
    "VehicleClass",
    "VehicleDocument",
    "VehicleField",
    "VehicleFieldValue",
    "VehicleGroup",
    "VehiclePhoto",
    "VehicleStatus",
    "VehicleStatusChange",
]
