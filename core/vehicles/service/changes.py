"""Changing the record of a vehicle. What was changed, from what to what and by whom, is its history in the audit."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Invalid, check_version
from core.permissions import Actor, needs
from core.vehicles import queries
from core.vehicles.models import GroupMember, Park, Vehicle
from core.vehicles.schemas import VehicleChange


@needs("vehicles:change")
def change_vehicle(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    change: VehicleChange,
    versions: Collection[int] | None = None,
) -> int:
    """Change the record of a vehicle; returns its version. Nothing is written when nothing differs.

    `versions`: those that the change was made for; None: any. Raises PreconditionFailed for another one, NotFound,
    Conflict naming the vehicle that has the plate.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:change", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    check_version(vehicle.version, versions)
    wanted = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
    if wanted.get("plate"):
        wanted["plate"] = wanted["plate"].strip().upper()
        _refuse_plate(session, wanted["plate"], vehicle_id)
    changes = [
        {"field": name, "before": getattr(vehicle, name), "after": value}
        for name, value in wanted.items()
        if getattr(vehicle, name) != value
    ]
    if not changes:
        return vehicle.version
    for one in changes:
        setattr(vehicle, one["field"], one["after"])
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as race:
        # Another vehicle got the plate between our look and our write.
        _refuse_plate(session, wanted.get("plate"), vehicle_id)
        raise race
    _tell(session, actor=actor, at=at, vehicle_id=vehicle_id, changes=changes)
    session.refresh(vehicle, ["version"])  # PostgreSQL counts it
    return vehicle.version


@needs("vehicles:move")
def move_vehicle(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, park_id: int) -> None:
    """Move a vehicle to another park, out of the groups of the one it was in.

    The right must reach both parks. Raises NotFound, Invalid for a park that is not in sight, Conflict when it is
    there already.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:move", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    parks = {row.id: row.name for row in session.execute(sa.select(Park.id, Park.name))}
    if park_id not in parks or not actor.may("vehicles:move", park_id=park_id):
        raise Invalid("The vehicle was not moved.", fields={"park_id": "Choose one of the parks in your view."})
    if vehicle.park_id == park_id:
        raise Conflict(f"{vehicle.name} is in {parks[park_id]} already.")
    change = {"field": "park", "before": parks[vehicle.park_id], "after": parks[park_id]}
    vehicle.park_id = park_id
    session.execute(sa.delete(GroupMember).where(GroupMember.vehicle_id == vehicle_id))
    _tell(session, actor=actor, at=at, vehicle_id=vehicle_id, changes=[change])


def _tell(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, changes: list[dict[str, object]]) -> None:
    audit.record(
        session,
        actor=actor,
        at=at,
        action="vehicles.vehicle_changed",
        subject=("vehicle", vehicle_id),
        changes=changes,
    )
    outbox.publish(session, "vehicles.vehicle_changed", at=at, vehicle_id=vehicle_id)


def _refuse_plate(session: Writer, plate: str | None, vehicle_id: int) -> None:
    known = session.scalar(sa.select(Vehicle.id).where(Vehicle.plate == plate, Vehicle.id != vehicle_id))
    if known is not None:
        raise Conflict(
            f"Plate {plate} already belongs to vehicle {known}. Open that record, or mend the plate.",
            fields={"plate": f"Already used by vehicle {known}."},
            vehicle_id=known,
        )
