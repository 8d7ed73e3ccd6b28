"""Fields that the office defines for its vehicles: added, changed, closed; and what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Forbidden, Invalid, NotFound, check_version
from core.permissions import Actor, needs
from core.vehicles import queries, rules
from core.vehicles.models import Park, Vehicle, VehicleField, VehicleFieldValue
from core.vehicles.schemas import FieldChange, FieldValue, NewField

MANAGE = "vehicles:define_fields"
MOST_FIELDS = 100


@needs(MANAGE)
def add_field(session: Writer, *, actor: Actor, at: datetime, new: NewField) -> int:
    """Define a field; returns its id. Every vehicle of the park, or without one of all parks, has it from now on.

    Raises Invalid for a definition that cannot be one, Conflict when the park has an open one of that name.
    """
    _check_park(session, actor, new.park_id)
    name = _clean(new.name)
    problems = rules.find_field_problems(new.kind, unit=new.unit, choices=new.choices)
    if problems:
        raise Invalid("The field was not added.", fields=problems)
    if (session.scalar(sa.select(sa.func.count()).where(VehicleField.closed_at.is_(None))) or 0) >= MOST_FIELDS:
        raise Conflict(f"There are {MOST_FIELDS} fields, and that is the most. Close one that nobody needs.")
    field = VehicleField(
        park_id=new.park_id,
        name=name,
        kind=new.kind,
        unit=new.unit,
        choices=new.choices,
        is_required=new.is_required,
        made_at=at,
        made_by=actor.name,
    )
    _write_named(session, field, name)
    _tell(session, actor, at, "vehicles.field_added", field.id, name=name, kind=new.kind)
    return field.id


@needs(MANAGE)
def change_field(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    field_id: int,
    change: FieldChange,
    versions: Collection[int] | None = None,
) -> None:
    """Change a field. A choice that vehicles have cannot be taken away. Raises NotFound, Invalid, Conflict when it is
    closed or the name is taken, PreconditionFailed unless it has one of `versions`.
    """
    field = _get_open(session, actor, field_id, versions)
    wanted = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
    if "name" in wanted:
        wanted["name"] = _clean(wanted["name"])
    unit, choices = wanted.get("unit", field.unit), wanted.get("choices", field.choices)
    problems = rules.find_field_problems(field.kind, unit=unit, choices=choices)
    if problems:
        raise Invalid("The field was not changed.", fields=problems)
    _refuse_lost_choices(session, field, choices)
    changes = [
        {"part": part, "before": getattr(field, part), "after": value}
        for part, value in wanted.items()
        if getattr(field, part) != value
    ]
    if not changes:
        return
    for one in changes:
        setattr(field, one["part"], one["after"])
    _write_named(session, field, field.name)
    session.refresh(field, ["version"])
    _tell(session, actor, at, "vehicles.field_changed", field_id, changes=changes)


@needs(MANAGE)
def close_field(
    session: Writer, *, actor: Actor, at: datetime, field_id: int, versions: Collection[int] | None = None
) -> None:
    """Show a field no longer; what stands in it is kept. Raises as `change_field`."""
    field = _get_open(session, actor, field_id, versions)
    field.closed_at, field.closed_by = at, actor.name
    session.flush()
    _tell(session, actor, at, "vehicles.field_closed", field_id)


@needs("vehicles:change")
def fill_fields(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, values: Mapping[int, FieldValue]
) -> bool:
    """Write what stands in fields of a vehicle, by the ids of the fields; None empties one. False: it was all so.

    All or none: raises NotFound, Invalid naming each field that is not one of the vehicle or whose value is none.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:change", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    fields = _fields_of(session, vehicle)
    problems = {str(id_): problem for id_, value in values.items() if (problem := _problem(fields.get(id_), value))}
    if problems:
        raise Invalid("The fields were not changed.", fields=problems)
    kept = {
        row.field_id: row.value
        for row in session.execute(
            sa.select(VehicleFieldValue.field_id, VehicleFieldValue.value).where(
                VehicleFieldValue.vehicle_id == vehicle_id
            )
        )
    }
    changes = [
        {"field": fields[id_].name, "field_id": id_, "before": kept.get(id_), "after": value}
        for id_, value in values.items()
        if not _is_same(kept.get(id_), value)
    ]
    if not changes:
        return False
    for one in changes:
        _write_value(session, vehicle_id, one["field_id"], one["after"])
    audit.record(
        session, actor=actor, at=at, action="vehicles.vehicle_changed", subject=("vehicle", vehicle_id), changes=changes
    )
    outbox.publish(session, "vehicles.vehicle_changed", at=at, vehicle_id=vehicle_id)
    return True


def _fields_of(session: Writer, vehicle: Vehicle) -> dict[int, VehicleField]:
    """The open fields of a vehicle, which nobody changes or closes before this has ended."""
    fits = sa.or_(VehicleField.park_id.is_(None), VehicleField.park_id == vehicle.park_id)
    query = sa.select(VehicleField).where(fits, VehicleField.closed_at.is_(None)).order_by(VehicleField.id)
    return {field.id: field for field in session.scalars(query.with_for_update(read=True))}


def _problem(field: VehicleField | None, value: FieldValue) -> str | None:
    if field is None:
        return "The vehicle has no such field. Read its fields again."
    return None if value is None else rules.find_value_problem(field.kind, value, choices=field.choices)


def _is_same(kept: Any, value: FieldValue) -> bool:
    # True is 1 in Python, and not here.
    return kept == value and isinstance(kept, bool) is isinstance(value, bool)


def _write_value(session: Writer, vehicle_id: int, field_id: Any, value: Any) -> None:
    if value is None:
        this = sa.and_(VehicleFieldValue.vehicle_id == vehicle_id, VehicleFieldValue.field_id == field_id)
        session.execute(sa.delete(VehicleFieldValue).where(this))
        return
    filled = insert(VehicleFieldValue).values(vehicle_id=vehicle_id, field_id=field_id, value=value)
    keys = [VehicleFieldValue.vehicle_id, VehicleFieldValue.field_id]
    session.execute(filled.on_conflict_do_update(index_elements=keys, set_={"value": filled.excluded.value}))


def _write_named(session: Writer, field: VehicleField, name: str) -> None:
    try:
        with session.begin_nested():
            session.add(field)
            session.flush()
    except IntegrityError as taken:
        words = f"There is an open field called {name} already. Use that one, or choose another name."
        raise Conflict(words, fields={"name": words}) from taken


def _refuse_lost_choices(session: Writer, field: VehicleField, choices: Collection[str]) -> None:
    lost = [choice for choice in field.choices if choice not in choices]
    if not lost:
        return
    counted = (
        sa.select(VehicleFieldValue.value, sa.func.count())
        .where(VehicleFieldValue.field_id == field.id)
        .group_by(VehicleFieldValue.value)
    )
    used = {choice: count for choice, count in session.execute(counted) if choice in lost}
    if used:
        told = ", ".join(f"{choice} ({used[choice]})" for choice in sorted(used))
        raise Conflict(f"Vehicles have these choices: {told}. Give them another one first.")


def _check_park(session: Writer, actor: Actor, park_id: int | None) -> None:
    if park_id is None:
        if actor.reach(MANAGE).parks is not None:
            words = "A field of all parks is defined by someone who sees all parks. Choose a park, or ask them."
            raise Forbidden(words, permission=MANAGE)
        return
    if session.get(Park, park_id) is None or not actor.may(MANAGE, park_id=park_id):
        raise Invalid("The field was not added.", fields={"park_id": f"There is no park {park_id}."})


def _get_open(session: Writer, actor: Actor, field_id: int, versions: Collection[int] | None) -> VehicleField:
    field = session.get(VehicleField, field_id, with_for_update=True)
    if field is None or (field.park_id is not None and not actor.sees_park(field.park_id)):
        raise NotFound(f"There is no field {field_id}.")
    if field.park_id is not None:
        actor.require(MANAGE, park_id=field.park_id)
    else:
        _check_park(session, actor, None)
    check_version(field.version, versions)
    if field.closed_at is not None:
        raise Conflict(f"The field {field.name} is closed. Add a new one instead.")
    return field


def _clean(name: str) -> str:
    cleaned = " ".join(name.replace("\0", "").split())
    if not cleaned:
        raise Invalid("The field needs a name.", fields={"name": "Enter a name."})
    return cleaned


def _tell(session: Writer, actor: Actor, at: datetime, action: str, field_id: int, **detail: Any) -> None:
    audit.record(session, actor=actor, at=at, action=action, subject=("vehicle_field", field_id), **detail)
    outbox.publish(session, "vehicles.fields_changed", at=at, field_id=field_id)
