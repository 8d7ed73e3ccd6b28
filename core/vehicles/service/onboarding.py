"""The end of bringing a vehicle in: it becomes available."""

from __future__ import annotations

from datetime import datetime

from core.db import Writer
from core.errors import Conflict, Invalid
from core.permissions import Actor, needs, system
from core.vehicles import queries, rules
from core.vehicles.models import Vehicle, VehicleStatus
from core.vehicles.service.registry import change_status

_DONE = "Onboarding finished"
# What is missing of a vehicle is looked up for whoever may move it on.
_LOOKER = system("onboarding", "vehicles:read")


@needs("vehicles:change_status")
def finish_onboarding(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, is_heard: bool, anyway: str | None = None
) -> None:
    """Make a vehicle available that is being onboarded. Whether its tracker `is_heard`, telemetry knows.

    What is missing is refused with Conflict that names it, unless a person says why to do it `anyway`; that is kept.
    Raises NotFound, Conflict when it is not being onboarded, Invalid for a reason that is none.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:change_status", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    if vehicle.status is not VehicleStatus.ONBOARDING:
        raise Conflict(f"{vehicle.name} is not being onboarded any more.")
    progress = queries.read_progress(
        session.connection(), viewer=_LOOKER, vehicle_id=vehicle_id, at=at, is_heard=is_heard
    )
    missing = [words for step in rules.list_onboarding_steps(progress) for words in step.missing]
    if missing and anyway is None:
        raise Conflict(f"{vehicle.name} is not ready: {' '.join(missing)} Do what is missing, or say why not.")
    if missing and not 3 <= len((anyway or "").strip()) <= 300:
        words = "Say in 3 to 300 characters why it goes on the road all the same."
        raise Invalid("The vehicle was not made available.", fields={"anyway": words})
    reason = f"{_DONE} all the same: {(anyway or '').strip()} Missing: {' '.join(missing)}" if missing else _DONE
    change_status(
        session,
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        status=VehicleStatus.AVAILABLE,
        reason=reason[:500],
    )
