"""Reads of groups."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from core.db import Reader
from core.permissions import Actor
from core.vehicles.models import GroupMember, Vehicle, VehicleGroup
from core.vehicles.queries.records import is_readable


def list_group_names(reader: Reader, *, viewer: Actor) -> list[str]:
    """The names of the groups that have vehicles in sight. Needs vehicles:read."""
    viewer.require("vehicles:read")
    names = _memberships().with_only_columns(VehicleGroup.name).where(is_readable(viewer)).distinct()
    return sorted(reader.execute(names).scalars(), key=str.lower)


def list_groups(reader: Reader, *, viewer: Actor, vehicle_ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of the groups that each of these vehicles is in; only of those that are in one. Needs vehicles:read."""
    viewer.require("vehicles:read")
    rows = reader.execute(
        _memberships()
        .where(is_readable(viewer), GroupMember.vehicle_id.in_(list(vehicle_ids)))
        .order_by(sa.func.lower(VehicleGroup.name))
    )
    groups: dict[int, list[str]] = {}
    for row in rows:
        groups.setdefault(row.vehicle_id, []).append(row.name)
    return groups


def _memberships() -> sa.Select[int, str]:
    return (
        sa.select(GroupMember.vehicle_id, VehicleGroup.name)
        .join(VehicleGroup, VehicleGroup.id == GroupMember.group_id)
        .join(Vehicle, Vehicle.id == GroupMember.vehicle_id)
    )
