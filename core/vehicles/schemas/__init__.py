"""The shapes of vehicles, shared by the API and the forms. A file is a noun."""

from core.vehicles.models import Powertrain, RelayGateway, VehicleClass, VehicleStatus
from core.vehicles.schemas.registry import NewVehicle, RecordId
from core.vehicles.schemas.trackers import FAMILIES, NewTracker, TrackerFamily

__all__ = [
    "FAMILIES",
    "NewTracker",
    "NewVehicle",
    "Powertrain",
    "RecordId",
    "RelayGateway",
    "TrackerFamily",
    "VehicleClass",
    "VehicleStatus",
]
