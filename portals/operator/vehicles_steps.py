"""The steps by which a vehicle is brought into the fleet, above each of its pages while that lasts.

Each step is a page of the vehicle that is there afterwards too. So it may be left at any step and taken up again, on
another device and by somebody else: what is done is what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.telemetry import queries as telemetry
from core.vehicles import queries, rules
from core.vehicles.queries import VehicleRecord
from core.vehicles.rules import Step
from core.vehicles.schemas import VehicleStatus
from portals.doors import actor, at, read

# step -> its name on the pages, and the endpoint that does it.
STEPS: dict[str, tuple[str, str]] = {
    "data": ("Data", "operator.show_vehicle_data"),
    "documents": ("Documents", "operator.show_documents"),
    "photos": ("Photos", "operator.show_photos"),
    "tracker": ("Tracker", "operator.show_tracker"),
}


@dataclass(frozen=True, slots=True)
class Onboarding:
    """How far a vehicle is: its steps, and which of them this page is (None: the check at the end)."""

    steps: list[Step]
    current: str | None

    @property
    def next(self) -> str | None:
        """The step after this one; None: the check at the end."""
        names = list(STEPS)
        if self.current is None:
            return None
        return next(iter(names[names.index(self.current) + 1 :]), None)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return all(step.is_done for step in self.steps)


def read_onboarding(vehicle: VehicleRecord, current: str | None = None) -> dict[str, Any]:
    """What `_steps.html` shows; nothing for a vehicle that is through."""
    if vehicle.status is not VehicleStatus.ONBOARDING:
        return {"onboarding": None, "step_words": STEPS}
    progress = queries.read_progress(read(), viewer=actor(), vehicle_id=vehicle.id, at=at(), is_heard=is_heard(vehicle))
    return {"onboarding": Onboarding(rules.list_onboarding_steps(progress), current), "step_words": STEPS}


def is_heard(vehicle: VehicleRecord) -> bool:
    """Whether the tracker that is in the vehicle has ever reported."""
    if vehicle.device_uid is None:
        return False
    return vehicle.id in telemetry.list_states(read(), viewer=actor(), vehicle_ids=[vehicle.id])
