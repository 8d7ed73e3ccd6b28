"""Who drives, within the parks of the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Assignment, Driver
from core.drivers.queries.names import open_people
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Vehicle


def list_drivers(reader: Reader, *, viewer: Actor, at: datetime, text: str = "") -> list[dict[str, Any]]:
    """The drivers of the viewer's parks by name, with the vehicle each has at `at`. Needs drivers:read."""
    viewer.require("drivers:read")
    query = (
        sa.select(*_SHOWN, Assignment.vehicle_id, Assignment.kind)
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
        .where(_is_readable(viewer))
    )
    people = open_people(reader, reader.execute(query).all())
    wanted = text.strip().casefold()
    found = [one for one in people if wanted in one["name"].casefold() or wanted in one["phone"]]
    return sorted(found, key=lambda one: (one["name"].casefold(), one["id"]))


# The database holds names and phones sealed, so what is looked for in them is looked for here.
_SHOWN = [column for column in Driver.__table__.c if column.name not in {"key_id", "phone_blind"}]


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
            Driver.name_sealed,
            Driver.phone_sealed,
            Driver.access_status,
            Assignment.vehicle_id,
            Vehicle.name.label("vehicle"),
            Vehicle.plate,
            Vehicle.model,
            Assignment.kind,
            sa.func.lower(Assignment.during).label("since"),
        )
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
        .outerjoin(Vehicle, Vehicle.id == Assignment.vehicle_id)
        .where(Driver.user_id == viewer.id)
    ).one_or_none()
    if row is None:
        return None
    fields = open_people(reader, [row])[0]
    return OwnDriver(driver_id=fields.pop("id"), **fields)


def _is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, "drivers:read", park_id=Driver.park_id)
