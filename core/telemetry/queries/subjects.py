"""Whose telemetry is read."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from core.db import Reader
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park, Vehicle

_SUBJECT = sa.select(Vehicle.id, Vehicle.name, Park.time_zone, Vehicle.park_id).join(Park, Park.id == Vehicle.park_id)


class Subject(NamedTuple):
    """A vehicle as its telemetry is headed: its name, and the zone that its days are of."""

    vehicle_id: int
    name: str
    time_zone: str


def get_subject(reader: Reader, *, viewer: Actor, vehicle_id: int) -> Subject:
    """The vehicle whose telemetry is asked for. Needs telemetry:read. NotFound when it is out of sight."""
    viewer.require("telemetry:read")
    row = reader.execute(_SUBJECT.where(Vehicle.id == vehicle_id)).one_or_none()
    if row is None or not viewer.may("telemetry:read", park_id=row.park_id, vehicle_id=vehicle_id):
        raise NotFound(f"There is no vehicle {vehicle_id}.")
    return Subject(row.id, row.name, row.time_zone)


def is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    """Whether the viewer may read the telemetry of a Vehicle: a condition for queries that join it."""
    return in_reach(viewer, "telemetry:read", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)
