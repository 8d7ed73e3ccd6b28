"""The damage that vehicles have, as marks on their maps."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Damage, DamageKind, DamageSeverity, Handover
from core.drivers.rules.damage_map import name_place
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Vehicle, VehicleClass


@dataclass(frozen=True, slots=True)
class DamageMark:
    """A mark on the map of a vehicle, and what the part is called."""

    id: int
    handover_id: int
    x: int
    y: int
    place: str
    kind: DamageKind
    severity: DamageSeverity
    file_id: uuid.UUID | None
    found_at: datetime


def list_damages(reader: Reader, *, viewer: Actor, vehicle_id: int) -> list[DamageMark]:
    """The damage that a vehicle in sight has, from signed handovers, oldest first. Needs drivers:read."""
    viewer.require("drivers:read")
    query = sa.select(Vehicle.vehicle_class).where(
        Vehicle.id == vehicle_id, in_reach(viewer, "drivers:read", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)
    )
    vehicle_class = reader.execute(query).scalar_one_or_none()
    if vehicle_class is None:
        raise NotFound(f"There is no vehicle {vehicle_id}.")
    return list_marks(reader, vehicle_class, Damage.vehicle_id == vehicle_id, Damage.mended_at.is_(None), is_signed())


def list_marks(reader: Reader, vehicle_class: VehicleClass, *conditions: sa.ColumnElement[bool]) -> list[DamageMark]:
    """The marks for which these conditions hold, oldest first. Who may see them was decided before."""
    rows = reader.execute(
        sa.select(
            Damage.id,
            Damage.handover_id,
            Damage.x,
            Damage.y,
            Damage.kind,
            Damage.severity,
            Damage.file_id,
            Damage.found_at,
        )
        .where(*conditions)
        .order_by(Damage.id)
    )
    return [
        DamageMark(
            id=row.id,
            handover_id=row.handover_id,
            x=row.x,
            y=row.y,
            place=name_place(vehicle_class, row.x, row.y),
            kind=row.kind,
            severity=row.severity,
            file_id=row.file_id,
            found_at=row.found_at,
        )
        for row in rows
    ]


def is_signed() -> sa.ColumnElement[bool]:
    """Only what was signed counts as damage of the vehicle: a draft may still be changed."""
    return sa.select(Handover.id).where(Handover.id == Damage.handover_id, Handover.signed_at.is_not(None)).exists()
