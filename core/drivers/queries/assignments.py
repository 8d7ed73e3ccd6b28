"""Who has which vehicle, within the parks of the viewer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Assignment, Driver
from core.drivers.queries.names import open_people
from core.permissions import Actor
from core.sight import in_reach


@dataclass(frozen=True, slots=True)
class CurrentDriver:
    """Who has a vehicle at the moment asked about."""

    vehicle_id: int
    driver_id: int
    name: str
    phone: str
    kind: str
    since: datetime


_CURRENT = (
    sa.select(
        Assignment.vehicle_id,
        Driver.id,
        Driver.name_sealed,
        Driver.phone_sealed,
        Assignment.kind,
        sa.func.lower(Assignment.during).label("since"),
    )
    .join(Driver, Driver.id == Assignment.driver_id)
    .where(Assignment.during.contains(sa.bindparam("at", type_=sa.DateTime(timezone=True))))
)


def list_current_drivers(
    reader: Reader, *, viewer: Actor, at: datetime, vehicle_ids: Iterable[int] | None = None
) -> dict[int, CurrentDriver]:
    """Who has each vehicle at the moment `at`, by vehicle id. Needs drivers:read."""
    viewer.require("drivers:read")
    query = _CURRENT.where(in_reach(viewer, "drivers:read", park_id=Driver.park_id))
    if vehicle_ids is not None:
        query = query.where(Assignment.vehicle_id.in_(list(vehicle_ids)))
    people = open_people(reader, reader.execute(query, {"at": at}).all())
    return {one["vehicle_id"]: CurrentDriver(driver_id=one.pop("id"), **one) for one in people}


def list_current_driver_ids(
    reader: Reader, *, viewer: Actor, at: datetime, vehicle_ids: Iterable[int]
) -> dict[int, int]:
    """Who has each of these vehicles at the moment `at`, by number alone. Needs drivers:read.

    Opens nothing that is sealed: a lock or its end does not hang on the keys of names.
    """
    viewer.require("drivers:read")
    query = (
        sa.select(Assignment.vehicle_id, Assignment.driver_id)
        .join(Driver, Driver.id == Assignment.driver_id)
        .where(Assignment.during.contains(at), Assignment.vehicle_id.in_(list(vehicle_ids)))
        .where(in_reach(viewer, "drivers:read", park_id=Driver.park_id))
    )
    return {row.vehicle_id: row.driver_id for row in reader.execute(query)}


def list_own_vehicle_ids(reader: Reader, *, viewer: Actor, at: datetime) -> frozenset[int]:
    """The vehicle that the viewer has as a driver at the moment `at`, if any. Needs drivers:read_own."""
    viewer.require("drivers:read_own")
    query = (
        sa.select(Assignment.vehicle_id)
        .join(Driver, Driver.id == Assignment.driver_id)
        .where(Driver.user_id == viewer.id, Assignment.during.contains(at))
    )
    return frozenset(reader.execute(query).scalars())
