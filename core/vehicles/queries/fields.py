"""Reads of the fields that the office defines, and of what stands in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import FieldKind, Vehicle, VehicleField, VehicleFieldValue
from core.vehicles.queries.records import get_vehicle, is_readable


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """A field as it is defined. `park_id` is None for one of all parks."""

    id: int
    park_id: int | None
    name: str
    kind: FieldKind
    unit: str | None
    choices: list[str]
    is_required: bool
    version: int


@dataclass(frozen=True, slots=True)
class FilledField:
    """A field of one vehicle, and what stands in it; None: nothing."""

    field: FieldRecord
    value: Any


_FIELD = sa.select(*(getattr(VehicleField, name) for name in FieldRecord.__slots__))


def list_fields(reader: Reader, *, viewer: Actor) -> list[FieldRecord]:
    """The open fields of the viewer's parks and those of all, by name. Needs vehicles:read."""
    viewer.require("vehicles:read")
    query = _FIELD.where(_is_seen(viewer), VehicleField.closed_at.is_(None))
    return [FieldRecord(*tuple(row)) for row in reader.execute(query.order_by(sa.func.lower(VehicleField.name), "id"))]


def get_field(reader: Reader, *, viewer: Actor, field_id: int) -> FieldRecord:
    """One field, open or closed. Needs vehicles:read. Raises NotFound."""
    viewer.require("vehicles:read")
    row = reader.execute(_FIELD.where(_is_seen(viewer), VehicleField.id == field_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no field {field_id}.")
    return FieldRecord(*tuple(row))


def list_filled_fields(reader: Reader, *, viewer: Actor, vehicle_id: int) -> list[FilledField]:
    """Every open field that a vehicle has, with what stands in it, by name. Needs vehicles:read. Raises NotFound."""
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    rows = reader.execute(_of_vehicles().where(Vehicle.id == vehicle_id)).all()
    return [FilledField(FieldRecord(*tuple(row)[2:]), row.value) for row in rows]


def list_field_values(
    reader: Reader, *, viewer: Actor, vehicle_ids: Iterable[int]
) -> dict[int, list[tuple[FieldRecord, Any]]]:
    """What stands in the open fields of these vehicles, by vehicle; the empty ones left out. Needs vehicles:read."""
    viewer.require("vehicles:read")
    query = _of_vehicles().where(
        Vehicle.id.in_(list(vehicle_ids)), is_readable(viewer), VehicleFieldValue.field_id.is_not(None)
    )
    values: dict[int, list[tuple[FieldRecord, Any]]] = {}
    for row in reader.execute(query):
        values.setdefault(row.vehicle_id, []).append((FieldRecord(*tuple(row)[2:]), row.value))
    return values


def list_missing_fields(reader: Reader, *, vehicle_id: int) -> list[str]:
    """The names of the required fields of a vehicle in which nothing stands. For who has looked whether it is seen."""
    query = _of_vehicles().where(
        Vehicle.id == vehicle_id, VehicleField.is_required, VehicleFieldValue.field_id.is_(None)
    )
    return [row.name for row in reader.execute(query)]


def _of_vehicles() -> sa.Select[Any]:
    fits = sa.or_(VehicleField.park_id.is_(None), VehicleField.park_id == Vehicle.park_id)
    filled = sa.and_(VehicleFieldValue.vehicle_id == Vehicle.id, VehicleFieldValue.field_id == VehicleField.id)
    return (
        sa.select(Vehicle.id.label("vehicle_id"), VehicleFieldValue.value, *_FIELD.selected_columns)
        .select_from(Vehicle)
        .join(VehicleField, sa.and_(fits, VehicleField.closed_at.is_(None)))
        .outerjoin(VehicleFieldValue, filled)
        .order_by(sa.func.lower(VehicleField.name), VehicleField.id)
    )


def _is_seen(viewer: Actor) -> sa.ColumnElement[bool]:
    return sa.or_(VehicleField.park_id.is_(None), in_reach(viewer, "vehicles:read", park_id=VehicleField.park_id))
