"""What the values of a vehicle's record are called on the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.vehicles.queries import NOT_KNOWN

STATUSES = {
    "onboarding": "Onboarding",
    "available": "Available",
    "rented": "Rented",
    "in_repair": "In repair",
    "blocked": "Blocked",
    "written_off": "Written off",
}
CLASSES = {"car": "Car", "van": "Van", "truck": "Truck", "bus": "Bus", "motorcycle": "Motorcycle"}
ENGINES = {"ice": "Combustion engine", "hybrid": "Hybrid", "electric": "Electric"}
# Of all vehicles, those nobody told included.
POWERTRAINS = ENGINES | {NOT_KNOWN: "Not known"}
GATEWAYS = {"vialon_relay": "Wialon (vialon_relay)", "traccar_command": "Traccar (traccar_command)"}
REPORTING = {"heard": "Reporting", "silent": "Silent", "none": "No tracker"}
PAPERS = {
    "expired": "One has expired",
    "soon": "One expires within 30 days",
    "fine": "All in date",
    "none": "None on file",
}
DRIVING = {"driven": "With a driver", "free": "Without a driver"}
# What was done to the papers of a vehicle, and to its record, as the audit calls it.
PAPER_WORDS = {
    "vehicles.document_added": "Document added",
    "vehicles.document_withdrawn": "Document taken back",
    "vehicles.photo_added": "Photo added",
    "vehicles.photo_put_first": "Photo put first",
    "vehicles.photo_removed": "Photo removed",
}
RECORD_WORDS = {
    "vehicles.vehicle_registered": "Registered",
    "vehicles.vehicle_changed": "Record changed",
    "vehicles.tracker_paired": "Tracker put in",
    "vehicles.tracker_taken_out": "Tracker taken out",
    "vehicles.put_into_group": "Put into a group",
    "vehicles.taken_out_of_group": "Taken out of a group",
}
FIELDS = {
    "plate": "Plate",
    "name": "Name",
    "make": "Make",
    "model": "Model",
    "year": "Year",
    "powertrain": "Powertrain",
    "vehicle_class": "Class",
    "park": "Park",
    "device_uid": "Tracker",
}
_VALUES = ENGINES | CLASSES
_NOTHING = "nothing"


def say_detail(detail: Mapping[str, Any]) -> str:
    """What an entry about the record tells: each field from what to what, or the device."""
    changes = [
        f"{FIELDS.get(one['field'], one['field'])}: {_say(one['before'])} → {_say(one['after'])}"
        for one in detail.get("changes", ())
    ]
    if detail.get("device_uid"):
        changes.append(detail["device_uid"] + (f", in place of {detail['replaced']}" if detail.get("replaced") else ""))
    if detail.get("group"):
        changes.append(detail["group"])
    return "; ".join(changes)


def _say(value: object) -> str:
    return _NOTHING if value in (None, "") else _VALUES.get(str(value), str(value))
