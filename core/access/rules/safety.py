"""Whether a vehicle stands, by what it told: the part of the policy that no reason and no person can waive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.config import AccessTiming
from core.vehicles.models import Powertrain


@dataclass(frozen=True, slots=True)
class VehicleNow:
    """What is known of a vehicle at the moment of a decision. Times are of receipt unless they say otherwise."""

    ts: datetime | None = None
    received_at: datetime | None = None
    speed_kmh: float | None = None
    ignition: bool | None = None
    standing_since: datetime | None = None
    relay_on: bool | None = None
    relay_ts: datetime | None = None
    relay_received_at: datetime | None = None

    def as_inputs(self) -> dict[str, Any]:
        """The same, for the record of a decision."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}


def find_obstacle(
    vehicle: VehicleNow, *, powertrain: Powertrain | None, at: datetime, timing: AccessTiming
) -> str | None:
    """What makes it unsafe to lock now, in words for the screen; None when it is safe.

    A report without a speed never counts as standing. Ignition, where the device reports it, must be off; and it must
    be reported of a vehicle that can roll off without its starter, or of which nobody knows whether it can.
    """
    if vehicle.ts is None or vehicle.received_at is None:
        return "a first report: this vehicle has never been heard of"
    age_s = (at - min(vehicle.ts, vehicle.received_at)).total_seconds()
    if age_s > timing.fix_max_age_s:
        return f"a fresh report: the last one is {say_age(age_s)} old"
    if vehicle.speed_kmh is None:
        return "a report with a speed: the last one had none"
    if vehicle.speed_kmh > 0:
        return f"it to stand: moving at {vehicle.speed_kmh:.0f} km/h"
    if vehicle.ignition is True:
        return "the engine to be switched off: standing with the ignition on"
    if vehicle.ignition is None and powertrain is not Powertrain.ICE:
        return "a report of the ignition: without it, only a vehicle known to have a combustion engine is locked"
    if vehicle.standing_since is None:
        return "it to stand"
    stood_s = (at - vehicle.standing_since).total_seconds()
    if stood_s < timing.standing_for_s:
        return f"it to stand for {timing.standing_for_s:.0f} s: standing for {max(stood_s, 0):.0f} s"
    return None


def say_age(seconds: float) -> str:
    """A length of time in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
