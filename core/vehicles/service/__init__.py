"""Every write about vehicles. A file is a noun; what the edges call stands here."""

from core.permissions import system
from core.vehicles.service.changes import change_vehicle, move_vehicle
from core.vehicles.service.fields import MOST_FIELDS, add_field, change_field, close_field, fill_fields
from core.vehicles.service.groups import LONGEST_NAME as LONGEST_GROUP_NAME
from core.vehicles.service.groups import put_into_group, take_out_of_group
from core.vehicles.service.imports import import_vehicles, judge_vehicles
from core.vehicles.service.onboarding import finish_onboarding
from core.vehicles.service.papers import (
    MOST_PAGES,
    MOST_PHOTOS,
    add_document,
    add_photo,
    put_photo_first,
    remove_photo,
    withdraw_document,
)
from core.vehicles.service.parks import add_park
from core.vehicles.service.registry import change_status, register_vehicle
from core.vehicles.service.trackers import claim_device, pair_tracker, take_out_tracker
from core.vehicles.service.unknown_devices import KEPT as KEPT_UNKNOWN_DEVICES
from core.vehicles.service.unknown_devices import forget_unknown_device, note_unknown_device

# Reads back what was just registered, for an actor who may register but perhaps not read.
REGISTRAR = system("registry", "vehicles:read")

__all__ = [
    "KEPT_UNKNOWN_DEVICES",
    "LONGEST_GROUP_NAME",
    "MOST_FIELDS",
    "MOST_PAGES",
    "MOST_PHOTOS",
    "REGISTRAR",
    "add_document",
    "add_field",
    "add_park",
    "add_photo",
    "change_field",
    "change_status",
    "change_vehicle",
    "claim_device",
    "close_field",
    "fill_fields",
    "finish_onboarding",
    "forget_unknown_device",
    "import_vehicles",
    "judge_vehicles",
    "move_vehicle",
    "note_unknown_device",
    "pair_tracker",
    "put_into_group",
    "put_photo_first",
    "register_vehicle",
    "remove_photo",
    "take_out_of_group",
    "take_out_tracker",
    "withdraw_document",
]
