"""How far a vehicle is on its way to the road, and the end of that."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.db import Reader
from core.permissions import system
from core.telemetry import queries as telemetry
from core.vehicles import queries, rules, service
from core.vehicles.rules import StepName
from core.vehicles.schemas import VehicleStatus
from portals.api_v1 import bp
from portals.api_v1.contract import Answer, operation
from portals.api_v1.vehicles.records import Vehicle, show_written
from portals.doors import actor, at, read, write

# Whether a tracker was heard is looked up for whoever may move the vehicle on, but perhaps not read its telemetry.
_LISTENER = system("onboarding", "vehicles:read", "telemetry:read")


class OnboardingStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step, and in words what is missing of it."""

    name: StepName
    is_done: bool
    missing: list[str]


class Onboarding(msgspec.Struct, frozen=True, kw_only=True):
    """How far a vehicle is."""

    vehicle_id: int
    status: VehicleStatus
    is_ready: Annotated[bool, Meta(description="Whether every step is done.")]
    steps: list[OnboardingStep]


class OnboardingEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a vehicle goes on the road."""

    anyway: Annotated[
        Annotated[str, Meta(min_length=3, max_length=300)] | None,
        Meta(description="Why it does though something is missing; kept in its history."),
    ] = None


@bp.get("/vehicles/<int:vehicle_id>/onboarding")
@operation(answers={200: Onboarding})
def get_onboarding(vehicle_id: int) -> Onboarding:
    """What is done and what is missing until the vehicle is ready for the road; also of one that is on it."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    progress = queries.read_progress(
        read(), viewer=actor(), vehicle_id=vehicle_id, at=at(), is_heard=_is_heard(read(), vehicle_id)
    )
    steps = rules.list_onboarding_steps(progress)
    return Onboarding(
        vehicle_id=vehicle_id,
        status=vehicle.status,
        is_ready=all(step.is_done for step in steps),
        steps=[OnboardingStep(name=step.name, is_done=step.is_done, missing=list(step.missing)) for step in steps],
    )


@bp.post("/vehicles/<int:vehicle_id>/onboarding/end")
@operation(body=OnboardingEnd, answers={200: Vehicle}, refuses=(409,), example={"anyway": "Papers are at the notary"})
def finish_onboarding(vehicle_id: int, body: OnboardingEnd) -> Answer:
    """Make the vehicle available. 409 says what is missing, unless you say why to do it `anyway`."""
    session = write()
    is_heard = _is_heard(session.connection(), vehicle_id)
    service.finish_onboarding(
        session, actor=actor(), at=at(), vehicle_id=vehicle_id, is_heard=is_heard, anyway=body.anyway
    )
    return show_written(vehicle_id)


def _is_heard(reader: Reader, vehicle_id: int) -> bool:
    """Whether the vehicle has a tracker that ever reported for it."""
    seen = queries.list_vehicles(reader, viewer=_LISTENER, vehicle_ids=[vehicle_id])
    if not seen or seen[0].device_uid is None:
        return False
    return vehicle_id in telemetry.list_states(reader, viewer=_LISTENER, vehicle_ids=[vehicle_id])
