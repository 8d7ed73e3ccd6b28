"""What is written of a vehicle, changed by its form; and the check at the end of its onboarding."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, PreconditionFailed, Refusal
from core.vehicles import queries, rules, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import VehicleChange
from portals import hx
from portals.doors import actor, at, read, write
from portals.forms import explain
from portals.operator import bp
from portals.operator.vehicles_steps import is_heard, read_onboarding
from portals.operator.vehicles_words import CLASSES, ENGINES

FIELDS = ("plate", "name", "make", "model", "year", "powertrain", "vehicle_class")
WANTED = {
    "plate": "At most 16 characters.",
    "name": "Enter what people call it, at most 120 characters.",
    "make": "At most 120 characters.",
    "model": "Enter the model, at most 120 characters.",
    "year": "A year from 1950 to 2100.",
    "powertrain": "Choose one of the list.",
    "vehicle_class": "Choose one of the list.",
}


@bp.get("/vehicles/<int:vehicle_id>/data")
def show_vehicle_data(vehicle_id: int) -> Response:
    """The form, as the record is."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    return _show_data(vehicle)


@bp.post("/vehicles/<int:vehicle_id>/data")
def change_vehicle_data(vehicle_id: int) -> ResponseReturnValue:
    """Change what differs. What somebody else has changed meanwhile is not written over."""
    try:
        change = _parse()
        versions = {request.form.get("version", 0, type=int)}
        service.change_vehicle(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, change=change, versions=versions)
    except (Invalid, Conflict, PreconditionFailed) as refusal:
        return _show_data(queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id), refusal)
    flash("The record was changed.", "ok")
    return redirect(url_for("operator.show_vehicle", vehicle_id=vehicle_id), 303)


@bp.post("/vehicles/<int:vehicle_id>/groups")
def change_groups(vehicle_id: int) -> ResponseReturnValue:
    """Put the vehicle into a group, or take it out of one."""
    into, out_of = (request.form.get(name, "").replace("\0", "") for name in ("into", "out_of"))
    verb, name = (service.take_out_of_group, out_of) if out_of else (service.put_into_group, into)
    try:
        verb(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, name=name)
    except Invalid as refusal:
        flash(" ".join(refusal.fields.values()), "act")
    return redirect(url_for("operator.show_vehicle", vehicle_id=vehicle_id), 303)


@bp.get("/vehicles/<int:vehicle_id>/onboarding")
def show_onboarding(vehicle_id: int) -> ResponseReturnValue:
    """What is done and what is missing until the vehicle is ready for the road; the card of one that is."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    return _show_check(vehicle)


@bp.post("/vehicles/<int:vehicle_id>/onboarding")
def finish_onboarding(vehicle_id: int) -> ResponseReturnValue:
    """Make the vehicle available; with a reason, all the same."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    try:
        service.finish_onboarding(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=vehicle_id,
            is_heard=is_heard(vehicle),
            anyway=request.form.get("anyway"),
        )
    except (Invalid, Conflict) as refusal:
        return _show_check(vehicle, refusal)
    flash(f"{vehicle.name} is available.", "ok")
    return redirect(url_for("operator.show_vehicle", vehicle_id=vehicle_id), 303)


def _parse() -> VehicleChange:
    """The form; an empty field takes its value away, where that may be."""
    typed: dict[str, Any] = {name: request.form.get(name, "").replace("\0", "").strip() or None for name in FIELDS}
    try:
        return msgspec.convert(typed, VehicleChange, strict=False)
    except msgspec.ValidationError as error:
        fields = {name: WANTED.get(name, words) for name, words in explain(error).fields.items()}
        raise Invalid("The record was not changed.", fields=fields) from error


def _show_data(vehicle: VehicleRecord, refusal: Refusal | None = None) -> Response:
    typed = request.form if refusal else {name: getattr(vehicle, name) for name in FIELDS}
    return hx.render(
        "operator/vehicles/data.html",
        status=refusal.status if refusal else 200,
        vehicle=vehicle,
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=typed,
        # After a refusal for what somebody else did, the record is shown as it is now, and may be saved over it.
        version=vehicle.version,
        filled_fields=queries.list_filled_fields(read(), viewer=actor(), vehicle_id=vehicle.id),
        powertrains=ENGINES.items(),
        classes=CLASSES.items(),
        vin_warning=rules.vin_warning(vehicle.vin),
        may_change=actor().may("vehicles:change", park_id=vehicle.park_id, vehicle_id=vehicle.id),
        **read_onboarding(vehicle, "data"),
    )


def _show_check(vehicle: VehicleRecord, refusal: Refusal | None = None) -> Response:
    return hx.render(
        "operator/vehicles/onboarding.html",
        status=refusal.status if refusal else 200,
        vehicle=vehicle,
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
        may_finish=actor().may("vehicles:change_status", park_id=vehicle.park_id, vehicle_id=vehicle.id),
        **read_onboarding(vehicle),
    )
