"""The vehicles of the operator's parks: the list, and everything about one of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Meta

from core import audit
from core.access import queries as access
from core.access.queries import JobRecord
from core.drivers import queries as drivers
from core.errors import Conflict, Invalid, Refusal
from core.telemetry import queries as telemetry
from core.vehicles import queries, rules, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import VehicleStatus
from portals import hx
from portals.doors import actor, at, read, write
from portals.filters import number
from portals.forms import parse_form, record_id
from portals.operator import bp
from portals.operator.access import read_panel
from portals.operator.events import read_latest_events
from portals.operator.mileage import read_mileage, record_reading
from portals.operator.motion import say_motion
from portals.operator.registration import CLASSES, POWERTRAINS

PAGE_SIZE = 100
ORDERS_SHOWN = 5
POINTS_SHOWN = 10
STATUSES = {
    "onboarding": "Onboarding",
    "available": "Available",
    "rented": "Rented",
    "in_repair": "In repair",
    "blocked": "Blocked",
    "written_off": "Written off",
}
STATUS_WANTED = {"status": "Choose one of the list.", "status_reason": "Say why, in 3 to 500 characters."}
STATE = "operator/vehicles/_state.html"
PANEL = "operator/vehicles/_panel.html"


class StatusChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a vehicle is to stand, and why."""

    status: str
    status_reason: Annotated[str, Meta(min_length=3, max_length=500)]


@bp.get("/vehicles")
def list_vehicles() -> Response:
    """The vehicles that match the search, a page at a time."""
    text, status = request.args.get("q", ""), request.args.get("status", "")
    status = status if status in STATUSES else ""
    after_id = request.args.get("after", 0, type=record_id)
    found = queries.list_vehicles(
        read(), viewer=actor(), text=text, status=_as_status(status), after_id=after_id, most=PAGE_SIZE + 1
    )
    shown = found[:PAGE_SIZE]
    ids = [vehicle.id for vehicle in shown]
    states = telemetry.list_states(read(), viewer=actor(), vehicle_ids=ids)
    return hx.render(
        "operator/vehicles/list.html",
        "operator/vehicles/_rows.html",
        vehicles=shown,
        states=states,
        motions={vehicle_id: say_motion(states.get(vehicle_id), at=at()) for vehicle_id in ids},
        drivers=drivers.list_current_drivers(read(), viewer=actor(), at=at(), vehicle_ids=ids),
        counts=queries.count_by_status(read(), viewer=actor()),
        statuses=STATUSES,
        text=text,
        chosen_status=status,
        may_register=actor().may("vehicles:register"),
        after_id=after_id,
        next_after=shown[-1].id if len(found) > PAGE_SIZE else None,
    )


@bp.get("/vehicles/<int:vehicle_id>")
def show_vehicle(vehicle_id: int) -> Response:
    """Everything about one vehicle."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    if hx.is_asked_for(STATE):
        return hx.render(STATE, vehicle=vehicle, **_read_state(vehicle))
    return _show_card(vehicle)


@bp.get("/vehicles/<int:vehicle_id>/panel")
def show_panel(vehicle_id: int) -> ResponseReturnValue:
    """What the board shows beside the map; opened by itself, the vehicle's own page."""
    if request.headers.get("HX-Request") != "true":
        return redirect(url_for("operator.show_vehicle", vehicle_id=vehicle_id))
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    return hx.render("operator/vehicles/_panel.html", vehicle=vehicle, **_read_driver(vehicle), **_read_lock(vehicle))


@bp.post("/vehicles/<int:vehicle_id>/status")
def change_status(vehicle_id: int) -> ResponseReturnValue:
    """Move a vehicle to another status."""
    try:
        change = _parse_change()
        if change.status not in STATUSES:
            raise Invalid("The status was not changed.", fields={"status": "Choose one of the list."})
        service.change_status(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=vehicle_id,
            status=VehicleStatus(change.status),
            reason=change.status_reason,
        )
    except (Invalid, Conflict) as refusal:
        return _show_card(queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id), refusal)
    return redirect(url_for("operator.show_vehicle", vehicle_id=vehicle_id), 303)


@bp.post("/vehicles/<int:vehicle_id>/mileage")
def record_mileage(vehicle_id: int) -> ResponseReturnValue:
    """Record what the odometer says."""
    try:
        odometer_m = record_reading(vehicle_id)
    except (Invalid, Conflict) as refusal:
        vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
        return _show_card(vehicle, mileage_refusal=refusal)
    flash(f"{number(odometer_m / 1000, 'km', 1)} recorded. The mileage follows in a few seconds.", "ok")
    return redirect(url_for("operator.show_vehicle", vehicle_id=vehicle_id), 303)


def _parse_change() -> StatusChange:
    try:
        return parse_form(StatusChange)
    except Invalid as invalid:
        fields = {name: STATUS_WANTED.get(name, words) for name, words in invalid.fields.items()}
        raise Invalid("The status was not changed.", fields=fields) from invalid


def _show_card(
    vehicle: VehicleRecord, refusal: Refusal | None = None, mileage_refusal: Refusal | None = None
) -> Response:
    refused = refusal or mileage_refusal
    return hx.render(
        "operator/vehicles/show.html",
        status=refused.status if refused else 200,
        vehicle=vehicle,
        powertrains=dict(POWERTRAINS),
        classes=dict(CLASSES),
        vin_warning=rules.vin_warning(vehicle.vin),
        points=telemetry.list_last_points(read(), viewer=actor(), vehicle_id=vehicle.id, most=POINTS_SHOWN),
        status_changes=queries.list_status_changes(read(), viewer=actor(), vehicle_id=vehicle.id),
        statuses=STATUSES,
        may_change_status=actor().may("vehicles:change_status", park_id=vehicle.park_id, vehicle_id=vehicle.id),
        refusal=refusal,
        mileage_refusal=mileage_refusal,
        typed=request.form,
        **_read_driver(vehicle),
        **_read_state(vehicle),
        **_read_orders(vehicle),
        **_read_lock(vehicle),
        **read_mileage(vehicle),
        **read_latest_events(vehicle.id),
    )


def _read_driver(vehicle: VehicleRecord) -> dict[str, Any]:
    current = drivers.list_current_drivers(read(), viewer=actor(), at=at(), vehicle_ids=[vehicle.id])
    may_assign = actor().may("drivers:assign", park_id=vehicle.park_id)
    return {"driver": current.get(vehicle.id), "may_assign": may_assign}


def _read_state(vehicle: VehicleRecord) -> dict[str, Any]:
    state = telemetry.list_states(read(), viewer=actor(), vehicle_ids=[vehicle.id]).get(vehicle.id)
    return {"state": state, "motion": say_motion(state, at=at())}


def _read_lock(vehicle: VehicleRecord) -> dict[str, Any]:
    """The lock screen; none for park staff, who have no part in orders."""
    return {"lock": read_panel(vehicle.id) if actor().may("access:read") else None}


def _read_orders(vehicle: VehicleRecord) -> dict[str, Any]:
    if not actor().may("access:read"):
        return {"orders": [], "trail": []}
    latest = access.list_jobs(read(), viewer=actor(), vehicle_id=vehicle.id, most=ORDERS_SHOWN)
    orders = [_with_attempts(job) for job in latest]
    subject = ("immobilization", orders[0].id) if orders else None
    trail = audit.list_entries(read(), viewer=actor(), subject=subject) if subject else []
    return {"orders": orders, "trail": list(reversed(trail))}


def _with_attempts(job: JobRecord) -> JobRecord:
    return access.get_job(read(), viewer=actor(), vehicle_id=job.vehicle_id, job_id=job.id)


def _as_status(code: str) -> VehicleStatus | None:
    return VehicleStatus(code) if code else None
