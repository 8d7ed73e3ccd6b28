"""Every write about vehicles. A file is a noun; what the edges call stands here."""

from core.permissions import system
from core.vehicles.service.imports import import_vehicles, judge_vehicles
from core.vehicles.service.parks import add_park
from core.vehicles.service.registry import change_status, register_vehicle
from core.vehicles.service.trackers import claim_device
from core.vehicles.service.unknown_devices import KEPT as KEPT_UNKNOWN_DEVICES
from core.vehicles.service.unknown_devices import forget_unknown_device, note_unknown_device

# Reads back what was just registered, for an actor who may register but perhaps not read.
REGISTRAR = system("registry", "vehicles:read")

__all__ = [
    "KEPT_UNKNOWN_DEVICES",
    "REGISTRAR",
    "add_park",
    "change_status",
    "claim_device",
    "forget_unknown_device",
    "import_vehicles",
    "judge_vehicles",
    "note_unknown_device",
    "register_vehicle",
]
