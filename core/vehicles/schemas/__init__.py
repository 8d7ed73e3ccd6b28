"""The shapes of vehicles, shared by the API and the forms. A file is a noun."""

from core.vehicles.models import DocumentKind, FieldKind, Powertrain, RelayGateway, VehicleClass, VehicleStatus
from core.vehicles.schemas.changes import VehicleChange
from core.vehicles.schemas.fields import FieldChange, FieldValue, NewField
from core.vehicles.schemas.papers import DOCUMENT_KINDS, NewDocument, Upload
from core.vehicles.schemas.registry import NewVehicle, RecordId
from core.vehicles.schemas.trackers import FAMILIES, NewTracker, TrackerFamily

__all__ = [
    "DOCUMENT_KINDS",
    "FAMILIES",
    "DocumentKind",
    "FieldChange",
    "FieldKind",
    "FieldValue",
    "NewDocument",
    "NewField",
    "NewTracker",
    "NewVehicle",
    "Powertrain",
    "RecordId",
    "RelayGateway",
    "TrackerFamily",
    "Upload",
    "VehicleChange",
    "VehicleClass",
    "VehicleStatus",
]
