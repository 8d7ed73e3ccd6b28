"""Fields that the office defines for its vehicles, and what stands in them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import url_for
from msgspec import Meta

from core.db import Reader
from core.errors import Invalid
from core.vehicles import queries, service
from core.vehicles.queries import FieldRecord
from core.vehicles.schemas import FieldChange, FieldKind, FieldValue, NewField, RecordId
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, read, write

Value = Annotated[FieldValue, Meta(description="Text, a number, true or false; a day as its text. Null: nothing.")]


class VehicleField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that vehicles have."""

    id: int
    name: str
    kind: FieldKind
    park_id: Annotated[int | None, Meta(description="Null for one that the vehicles of all parks have.")]
    unit: str | None
    choices: list[str]
    is_required: Annotated[bool, Meta(description="Without it a vehicle is not ready for the road.")]


class VehicleFieldPage(pages.Page, frozen=True, kw_only=True):
    """Fields by name."""

    items: list[VehicleField]


class FilledField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of one vehicle."""

    field_id: int
    name: str
    kind: FieldKind
    unit: str | None
    is_required: bool
    value: Value


class FilledFieldPage(pages.Page, frozen=True, kw_only=True):
    """Fields of one vehicle by name."""

    items: list[FilledField]


class FieldEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to stand in a field."""

    field_id: RecordId
    value: Value


class FieldEntries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to stand in fields of a vehicle; the others stay as they are."""

    values: Annotated[list[FieldEntry], Meta(max_length=service.MOST_FIELDS)]


EXAMPLE = {"name": "Taxi licence plate", "kind": "choice", "choices": ["Yellow", "Green"], "park_id": 1}


@bp.get("/vehicle_fields")
@operation(answers={200: VehicleFieldPage})
def list_vehicle_fields() -> dict[str, Any]:
    """The open fields of the parks in sight and of all parks."""
    found = queries.list_fields(read(), viewer=actor())
    return pages.page([_show(field) for field in found], most=10_000, last_id=None)


@bp.post("/vehicle_fields")
@operation(body=NewField, answers={201: VehicleField}, refuses=(409,), keyed=True, example=EXAMPLE)
def add_vehicle_field(body: NewField) -> Answer:
    """Define a field. Every vehicle of its park, or without one of all parks, has it from now on."""
    field_id = service.add_field(write(), actor=actor(), at=at(), new=body)
    return _show_written(field_id, location=url_for("api_v1.get_vehicle_field", field_id=field_id))


@bp.get("/vehicle_fields/<int:field_id>")
@operation(answers={200: VehicleField})
def get_vehicle_field(field_id: int) -> Answer:
    """One field, open or closed."""
    field = queries.get_field(read(), viewer=actor(), field_id=field_id)
    return show_record(_show(field), field.version)


@bp.patch("/vehicle_fields/<int:field_id>")
@operation(
    body=FieldChange, answers={200: VehicleField}, refuses=(403, 409), conditional=True, example={"is_required": True}
)
def change_vehicle_field(field_id: int, body: FieldChange) -> Answer:
    """Change a field; its kind stays. A choice that vehicles have cannot be taken away: 409 counts them."""
    service.change_field(write(), actor=actor(), at=at(), field_id=field_id, change=body, versions=wanted_versions())
    return _show_written(field_id)


@bp.delete("/vehicle_fields/<int:field_id>")
@operation(answers={204: None}, refuses=(403, 409), conditional=True)
def close_vehicle_field(field_id: int) -> None:
    """Close a field: no vehicle shows it any more. What stands in it is kept."""
    service.close_field(write(), actor=actor(), at=at(), field_id=field_id, versions=wanted_versions())


@bp.get("/vehicles/<int:vehicle_id>/fields")
@operation(answers={200: FilledFieldPage})
def list_fields_of_vehicle(vehicle_id: int) -> dict[str, Any]:
    """The fields that a vehicle has, with what stands in them."""
    queries.check_sight(read(), viewer=actor(), permission="vehicles:read", vehicle_id=vehicle_id)
    return _show_filled(read(), vehicle_id)


@bp.patch("/vehicles/<int:vehicle_id>/fields")
@operation(body=FieldEntries, answers={200: FilledFieldPage}, example={"values": [{"field_id": 1, "value": "Green"}]})
def fill_fields_of_vehicle(vehicle_id: int, body: FieldEntries) -> dict[str, Any]:
    """Write what stands in fields: all of it, or with 422 nothing. `errors` names fields by their ids."""
    values = {entry.field_id: entry.value for entry in body.values}
    if len(values) < len(body.values):
        raise Invalid("values: one field is named twice.", fields={"values": "Name each field once."})
    session = write()
    service.fill_fields(session, actor=actor(), at=at(), vehicle_id=vehicle_id, values=values)
    return _show_filled(session.connection(), vehicle_id)


def _show_written(field_id: int, *, location: str | None = None) -> Answer:
    session = write()
    session.flush()
    field = queries.get_field(session.connection(), viewer=service.REGISTRAR, field_id=field_id)
    return show_record(_show(field), field.version, location=location)


def _show(field: FieldRecord) -> VehicleField:
    return VehicleField(
        id=field.id,
        name=field.name,
        kind=field.kind,
        park_id=field.park_id,
        unit=field.unit,
        choices=field.choices,
        is_required=field.is_required,
    )


def _show_filled(reader: Reader, vehicle_id: int) -> dict[str, Any]:
    items = [
        FilledField(
            field_id=one.field.id,
            name=one.field.name,
            kind=one.field.kind,
            unit=one.field.unit,
            is_required=one.field.is_required,
            value=one.value,
        )
        for one in queries.list_filled_fields(reader, viewer=service.REGISTRAR, vehicle_id=vehicle_id)
    ]
    return pages.page(items, most=10_000, last_id=None)
