"""A vehicle as it stands now: who has it, what it does, and what would keep a lock from being sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.access import rules
from core.config import AccessTiming
from core.db import Reader
from core.drivers import queries as drivers
from core.drivers.queries import CurrentDriver
from core.permissions import Actor
from core.telemetry import queries as telemetry
from core.vehicles.queries import VehicleRecord

SILENT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sighting:
    """`does` is what the vehicle does now. `obstacle` is what a lock would wait for; None: nothing."""

    vehicle: VehicleRecord
    driver: CurrentDriver | None
    seen_at: datetime | None
    relay_on: bool | None
    does: str
    obstacle: str | None

    @property
    def title(self) -> str:
        """Its name and plate, the way people call it."""
        plate = self.vehicle.plate
        return self.vehicle.name if plate in {None, self.vehicle.name} else f"{self.vehicle.name} ({plate})"

    @property
    def model(self) -> str:
        """Make, model and year, as far as they are known."""
        parts = (self.vehicle.make, self.vehicle.model, self.vehicle.year)
        return " ".join(str(part) for part in parts if part)


def look_at(
    reader: Reader, found: Sequence[VehicleRecord], *, viewer: Actor, at: datetime, timing: AccessTiming
) -> list[Sighting]:
    """These vehicles as they stand at the moment `at`, in the same order."""
    ids = [vehicle.id for vehicle in found]
    current = drivers.list_current_drivers(reader, viewer=viewer, at=at, vehicle_ids=ids)
    states = telemetry.list_states(reader, viewer=viewer, vehicle_ids=ids)
    sightings = []
    for vehicle in found:
        now = _now(states.get(vehicle.id))
        sightings.append(
            Sighting(
                vehicle=vehicle,
                driver=current.get(vehicle.id),
                seen_at=now.ts,
                relay_on=now.relay_on,
                does=_describe(now, at=at),
                obstacle=rules.find_obstacle(now, powertrain=vehicle.powertrain, at=at, timing=timing),
            )
        )
    return sightings


def _now(state: dict[str, Any] | None) -> rules.VehicleNow:
    if state is None:
        return rules.VehicleNow()
    return rules.VehicleNow(**{name: state[name] for name in rules.VehicleNow.__slots__})


def _describe(now: rules.VehicleNow, *, at: datetime) -> str:
    if now.ts is None:
        return "Never heard of"
    if at - now.ts > SILENT_AFTER:
        return "Silent"
    if now.speed_kmh is None:
        return "Speed not known"
    if now.speed_kmh > 0:
        return f"Moving at {now.speed_kmh:.0f} km/h" if now.speed_kmh >= 1 else "Creeping, below 1 km/h"
    if now.ignition is None:
        return "Standing, engine not known"
    return "Standing, engine on" if now.ignition else "Standing, engine off"
