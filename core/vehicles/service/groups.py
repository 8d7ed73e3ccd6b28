"""Vehicles in groups. A group is there as soon as a vehicle is put into it, and is named within its park."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit, outbox
from core.db import Writer
from core.errors import Invalid
from core.permissions import Actor, needs
from core.vehicles import queries
from core.vehicles.models import GroupMember, Vehicle, VehicleGroup

LONGEST_NAME = 60


@needs("vehicles:change")
def put_into_group(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, name: str) -> bool:
    """Put a vehicle into the group of this name in its park; False when it is in it already.

    Raises NotFound, Invalid for a name that is empty or longer than 60 characters.
    """
    group_name = _normal_name(name)
    vehicle = _lock_vehicle(session, actor, vehicle_id)
    group_id = _find(session, vehicle.park_id, group_name)
    if group_id is None:
        made = insert(VehicleGroup).values(park_id=vehicle.park_id, name=group_name, made_at=at)
        session.execute(made.on_conflict_do_nothing())
        group_id = _find(session, vehicle.park_id, group_name)
    member = insert(GroupMember).values(vehicle_id=vehicle_id, group_id=group_id).on_conflict_do_nothing()
    if session.execute(member.returning(GroupMember.group_id)).scalar() is None:
        return False
    _tell(session, actor, at, "vehicles.put_into_group", vehicle_id, group_name)
    return True


@needs("vehicles:change")
def take_out_of_group(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, name: str) -> bool:
    """Take a vehicle out of the group of this name; False when it is not in it. Raises NotFound, Invalid."""
    group_name = _normal_name(name)
    vehicle = _lock_vehicle(session, actor, vehicle_id)
    group_id = _find(session, vehicle.park_id, group_name)
    gone = sa.delete(GroupMember).where(GroupMember.vehicle_id == vehicle_id, GroupMember.group_id == group_id)
    if session.execute(gone.returning(GroupMember.group_id)).scalar() is None:
        return False
    _tell(session, actor, at, "vehicles.taken_out_of_group", vehicle_id, group_name)
    return True


def _normal_name(name: str) -> str:
    normal = " ".join(name.split())
    if not 1 <= len(normal) <= LONGEST_NAME or not normal.isprintable():
        words = f"Enter the name of a group, at most {LONGEST_NAME} characters."
        raise Invalid("The group was not changed.", fields={"group": words})
    return normal


def _lock_vehicle(session: Writer, actor: Actor, vehicle_id: int) -> Vehicle:
    """The vehicle, so that it is not moved to another park meanwhile."""
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:change", vehicle_id=vehicle_id)
    return session.get_one(Vehicle, vehicle_id, with_for_update=True)


def _find(session: Writer, park_id: int, name: str) -> int | None:
    named = sa.func.lower(VehicleGroup.name) == sa.func.lower(name)
    return session.scalar(sa.select(VehicleGroup.id).where(VehicleGroup.park_id == park_id, named))


def _tell(session: Writer, actor: Actor, at: datetime, action: str, vehicle_id: int, group: str) -> None:
    audit.record(session, actor=actor, at=at, action=action, subject=("vehicle", vehicle_id), group=group)
    outbox.publish(session, "vehicles.groups_changed", at=at, vehicle_id=vehicle_id)
