"""Every read about drivers, within the parks of the viewer. A file is a noun; what the edges call stands here."""

from core.drivers.queries.assignments import CurrentDriver, list_current_drivers, list_own_vehicle_ids
from core.drivers.queries.names import name_drivers, open_names
from core.drivers.queries.people import OwnDriver, find_own_driver, list_drivers

__all__ = [
    "CurrentDriver",
    "OwnDriver",
    "find_own_driver",
    "list_current_drivers",
    "list_drivers",
    "list_own_vehicle_ids",
    "name_drivers",
    "open_names",
]
