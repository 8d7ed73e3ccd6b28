"""The tracker of a vehicle: put in, waited for until it is heard, taken out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, Refusal
from core.telemetry import queries as telemetry
from core.vehicles import queries, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import FAMILIES, NewTracker
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.motion import say_motion
from portals.operator.vehicles_steps import read_onboarding
from portals.operator.vehicles_words import GATEWAYS

HEARD = "operator/vehicles/_heard.html"
WANTED = {
    "tracker": "Enter the tracker's ID.",
    "tracker.device_uid": "3 to 64 letters, digits and . _ : -",
    "tracker.relay_gateway": "Choose one of the list.",
    "tracker.family": "Choose one of the list.",
    "tracker.relay_output": "A number from 1 to 16.",
}


class Pairing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form that puts a device into a vehicle."""

    tracker: NewTracker
    with_key: bool = False
    replace: bool = False


@bp.get("/vehicles/<int:vehicle_id>/tracker")
def show_tracker(vehicle_id: int) -> Response:
    """The tracker of a vehicle, and whether it is heard; that part renews itself until it is."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    if hx.is_asked_for(HEARD):
        return hx.render(HEARD, vehicle=vehicle, **_read_heard(vehicle))
    return _show(vehicle)


@bp.post("/vehicles/<int:vehicle_id>/tracker")
def pair_tracker(vehicle_id: int) -> ResponseReturnValue:
    """Put a device into the vehicle. Its key is on this one answer, and on no other page ever."""
    try:
        form = parse_form(Pairing)
        key = service.pair_tracker(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=vehicle_id,
            tracker=form.tracker,
            with_key=form.with_key,
            replace=form.replace,
        )
    except (Invalid, Conflict) as refusal:
        return _show(queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id), refusal)
    if key is None:
        flash(f"Tracker {form.tracker.device_uid} is in the vehicle.", "ok")
        return redirect(url_for("operator.show_tracker", vehicle_id=vehicle_id), 303)
    return hx.render(
        "operator/vehicles/tracker_key.html",
        vehicle=queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id),
        device_uid=form.tracker.device_uid,
        key=key,
    )


@bp.post("/vehicles/<int:vehicle_id>/tracker/removal")
def take_out_tracker(vehicle_id: int) -> ResponseReturnValue:
    """Take the device out of the vehicle."""
    try:
        service.take_out_tracker(write(), actor=actor(), at=at(), vehicle_id=vehicle_id)
    except Conflict as refusal:
        return _show(queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id), refusal)
    flash("The tracker was taken out. The vehicle reports no more and cannot be locked.", "warn")
    return redirect(url_for("operator.show_tracker", vehicle_id=vehicle_id), 303)


def _show(vehicle: VehicleRecord, refusal: Refusal | None = None) -> Response:
    errors = {name: WANTED.get(name, words) for name, words in refusal.fields.items()} if refusal else {}
    return hx.render(
        "operator/vehicles/tracker.html",
        status=refusal.status if refusal else 200,
        vehicle=vehicle,
        refusal=refusal,
        errors=errors,
        typed=request.form,
        gateways=GATEWAYS.items(),
        families=list(FAMILIES.items()),
        may_fit=actor().may("vehicles:fit_tracker", park_id=vehicle.park_id, vehicle_id=vehicle.id),
        **_read_heard(vehicle),
        **read_onboarding(vehicle, "tracker"),
    )


def _read_heard(vehicle: VehicleRecord) -> dict[str, Any]:
    """What the tracker has said, and where it is to report to."""
    state = telemetry.list_states(read(), viewer=actor(), vehicle_ids=[vehicle.id]).get(vehicle.id)
    settings = erp().settings
    return {
        "state": state if vehicle.device_uid else None,
        "motion": say_motion(state, at=at()),
        "host": urlsplit(settings.base_url).hostname,
        "osmand_url": f"{settings.base_url}/devices/osmand",
        "ips_port": settings.ips_port,
        "teltonika_port": settings.teltonika_port,
    }
