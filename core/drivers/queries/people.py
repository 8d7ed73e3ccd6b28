"""Who drives, within the parks of the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.drivers.models import Assignment, Driver
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Vehicle


def list_drivers(reader: Reader, *, viewer: Actor, at: datetime, text: str = "") -> list[dict[str, Any]]:
    """The drivers of the viewer's parks by name, with the vehicle each has at `at`. Needs drivers:read."""
    viewer.require("drivers:read")
    query = (
        sa.select(Driver.__table__, Assignment.vehicle_id, Assignment.kind)
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
        .where(_is_readable(viewer))
        .order_by(Driver.name, Driver.id)
    )
    if text.strip():
        wanted = f"%{text.strip()}%"
        query = query.where(sa.or_(Driver.name.ilike(wanted), Driver.phone.ilike(wanted)))
    return plain_rows(reader.execute(query))


@dataclass(frozen=True, slots=True)
class OwnDriver:
    """A driver's own record and vehicle, as their portal shows it."""

    driver_id: int
    name: str
    phone: str
    access_status: str
    vehicle_id: int | None
    vehicle: str | None
    plate: str | None
    model: str | None
    kind: str | None
    since: datetime | None


def find_own_driver(reader: Reader, *, viewer: Actor, at: datetime) -> OwnDriver | None:
    """The driver whose account the viewer is, or None when the account is not tied to a driver yet.

    Needs drivers:read_own.
    """
    viewer.require("drivers:read_own")
    row = reader.execute(
        sa.select(
            Driver.id,
            Driver.name,
            Driver.phone,
            Driver.access_status,
            Assignment.vehicle_id,
            Vehicle.name,
            Vehicle.plate,
            Vehicle.model,
            Assignment.kind,
            sa.func.lower(Assignment.during),
        )
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
        .outerjoin(Vehicle, Vehicle.id == Assignment.vehicle_id)
        .where(Driver.user_id == viewer.id)
    ).one_or_none()
    return None if row is None else OwnDriver(*row)


def _is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, "drivers:read", park_id=Driver.park_id)
