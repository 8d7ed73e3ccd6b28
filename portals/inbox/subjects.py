"""What items are about, by name: read when they are shown, and never kept with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.drivers import queries as drivers
from core.inbox.queries import ItemRecord
from core.vehicles import queries as vehicles
from portals.doors import actor, read


@dataclass(frozen=True, slots=True)
class Subjects:
    """The names of vehicles and drivers, by their ids."""

    vehicles: dict[int, str] = field(default_factory=dict)
    drivers: dict[int, str] = field(default_factory=dict)


def name_subjects(items: Iterable[ItemRecord]) -> Subjects:
    """What the vehicles and drivers of these items are called, as far as the viewer may know."""
    shown = list(items)
    vehicle_ids = {item.vehicle_id for item in shown if item.vehicle_id is not None}
    driver_ids = {item.driver_id for item in shown if item.driver_id is not None}
    named = Subjects()
    if vehicle_ids and actor().may("vehicles:read"):
        found = vehicles.list_vehicles(read(), viewer=actor(), vehicle_ids=vehicle_ids)
        named.vehicles.update({vehicle.id: vehicle.plate or vehicle.name for vehicle in found})
    if driver_ids and actor().may("drivers:read"):
        named.drivers.update(drivers.name_drivers(read(), driver_ids))
    return named
