"""Everything about one vehicle, on one page."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

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
from portals.operator import bp
from portals.operator.access import read_panel
from portals.operator.mileage import read_mileage, record_reading
from portals.operator.motion import say_motion
from portals.operator.vehicles_papers import read_papers
from portals.operator.vehicles_status import parse_status
from portals.operator.vehicles_steps import read_onboarding
from portals.operator.vehicles_timeline import read_timeline
from portals.operator.vehicles_words import CLASSES, ENGINES, STATUSES

ORDERS_SHOWN = 5
POINTS_SHOWN = 10
STATE = "operator/vehicles/_state.html"
PANEL = "operator/vehicles/_panel.html"


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
        change = parse_status()
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


def _show_card(
    vehicle: VehicleRecord, refusal: Refusal | None = None, mileage_refusal: Refusal | None = None
) -> Response:
    refused = refusal or mileage_refusal
    return hx.render(
        "operator/vehicles/show.html",
        status=refused.status if refused else 200,
        vehicle=vehicle,
        powertrains=ENGINES,
        classes=CLASSES,
        vin_warning=rules.vin_warning(vehicle.vin),
        points=telemetry.list_last_points(read(), viewer=actor(), vehicle_id=vehicle.id, most=POINTS_SHOWN),
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
        groups=queries.list_groups(read(), viewer=actor(), vehicle_ids=[vehicle.id]).get(vehicle.id, []),
        group_names=queries.list_group_names(read(), viewer=actor()),
        filled_fields=queries.list_filled_fields(read(), viewer=actor(), vehicle_id=vehicle.id),
        next_statuses={code: STATUSES[code] for code in rules.list_next_statuses(vehicle.status)},
        **read_timeline(vehicle),
        **read_papers(vehicle),
        **read_onboarding(vehicle),
    )


def _read_driver(vehicle: VehicleRecord) -> dict[str, Any]:
    current = drivers.list_current_drivers(read(), viewer=actor(), at=at(), vehicle_ids=[vehicle.id])
    may_assign = actor().may("drivers:assign", park_id=vehicle.park_id)
    planned = drivers.list_assignments(read(), viewer=actor(), since=at(), vehicle_ids=[vehicle.id])
    coming = min((one for one in planned if one.starts_at > at()), key=lambda one: one.starts_at, default=None)
    return {
        "driver": current.get(vehicle.id),
        "next_assignment": coming,
        "next_driver": drivers.name_drivers(read(), [coming.driver_id])[coming.driver_id] if coming else None,
        "may_assign": may_assign,
    }


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
