"""The people who drive: the list, a new one, and which vehicle is whose."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.drivers import queries, service
from core.drivers.queries import RosterFilter
from core.drivers.rules.documents import NAMES
from core.drivers.schemas import AccessStatus, NewAssignment, NewDriver, Stage
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.vehicles import queries as vehicles
from portals import hx
from portals.doors import actor, at, read, write
from portals.forms import parse_form, record_id
from portals.operator import bp
from portals.papers.person import WANTED as WANTED_PERSON
from portals.papers.person import PersonForm, in_words, personal_of, tidy

KINDS = {"shift": "Shift", "rental": "Rental", "buy_out": "Buy-out"}
PAGE = 100
STAGES = {
    "here": "All who are here",
    "applied": "Applied",
    "verifying": "Being verified",
    "active": "Active",
    "left": "Left",
    "refused": "Refused",
    "all": "Everybody",
}
PAPERS = {
    "waiting": "Waiting to be looked at",
    "missing": "Something missing",
    "refused": "Something not accepted",
    "expiring": "Running out within 30 days",
    "expired": "Expired",
}
WANTED = {
    "vehicle_id": "Choose a vehicle.",
    "kind": "Choose one of the list.",
    "ends_at": "Enter a date and a time.",
}


class RosterQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which drivers the table shows, as its address says."""

    q: str = ""
    park: str = ""
    stage: str = "here"
    status: str = ""
    papers: str = ""
    vehicle: str = ""
    order: str = "name"
    page: int = 1


@bp.get("/drivers")
def list_drivers() -> Response:
    """The drivers that match, a page of them, each with what wants a look."""
    asked = _read_query()
    wanted = RosterFilter(
        text=asked.q,
        park_id=record_id(asked.park) if asked.park.isdecimal() else None,
        stage=asked.stage,
        status=AccessStatus(asked.status) if asked.status in set(AccessStatus) else None,
        papers=asked.papers,
        vehicle=asked.vehicle,
        order=asked.order,
    )
    roster = queries.list_roster(
        read(), viewer=actor(), at=at(), wanted=wanted, offset=(asked.page - 1) * PAGE, most=PAGE
    )
    ids = [line.vehicle_id for line in roster.lines if line.vehicle_id is not None]
    having = vehicles.list_vehicles(read(), viewer=actor(), vehicle_ids=ids)
    return hx.render(
        "operator/drivers/list.html",
        "operator/drivers/_drivers.html",
        roster=roster,
        asked=asked,
        is_filtered=asked != RosterQuery(page=asked.page, order=asked.order),
        here=msgspec.to_builtins(asked),
        pages=-(-roster.total // PAGE),
        first=(asked.page - 1) * PAGE + 1,
        vehicles={vehicle.id: vehicle for vehicle in having},
        parks={park["id"]: park["name"] for park in vehicles.list_parks(read(), viewer=actor())},
        kinds=KINDS,
        document_names=NAMES,
        stages=STAGES,
        papers=PAPERS,
        may_see_access=actor().may("access:read"),
        may_register=actor().may("drivers:register"),
        may_verify=actor().may("drivers:verify"),
        may_configure=actor().may("drivers:configure"),
    )


def _read_query() -> RosterQuery:
    given = {name: request.args[name][:100] for name in RosterQuery.__struct_fields__ if name in request.args}
    page = given.pop("page", "1")
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    return RosterQuery(**given, page=max(1, number))


@bp.get("/drivers/new")
def new_driver() -> Response:
    """The empty form."""
    return _show_new()


@bp.post("/drivers/new")
def register_driver() -> ResponseReturnValue:
    """Add somebody: one who drives from now on, or one whose documents are looked at first."""
    typed = tidy(request.form)
    is_verified = typed.pop("start", "active") == "active"
    try:
        form = parse_form(PersonForm, typed)
        if not form.park_id:
            raise Invalid("", fields={"park_id": WANTED_PERSON["park_id"]})
        new = NewDriver(name=form.name, phone=form.phone, park_id=form.park_id, personal=personal_of(form))
        driver_id = service.register_driver(
            write(), actor=actor(), at=at(), new=new, stage=Stage.ACTIVE if is_verified else Stage.VERIFYING
        )
    except (Invalid, Conflict) as refusal:
        return _show_new(in_words(refusal, "The driver was not added."))
    flash(f"{new.name} was added.", "ok")
    return redirect(url_for("operator.show_driver", driver_id=driver_id), 303)


@bp.get("/drivers/<int:driver_id>/assignment/new")
def new_assignment(driver_id: int) -> Response:
    """Which vehicle to give to this driver."""
    return _show_assignment(driver_id)


@bp.post("/drivers/<int:driver_id>/assignment")
def assign_vehicle(driver_id: int) -> ResponseReturnValue:
    """Give the driver the vehicle from now on."""
    try:
        new = parse_form(NewAssignment)
        ends_at = _parse_local(new.ends_at)
    except Invalid as invalid:
        return _show_assignment(driver_id, _in_words(invalid, "The assignment was not made."))
    try:
        service.assign_vehicle(
            write(),
            actor=actor(),
            at=at(),
            driver_id=driver_id,
            vehicle_id=new.vehicle_id,
            kind=new.kind,
            starts_at=at(),
            ends_at=ends_at,
        )
    except (Invalid, Conflict) as refusal:
        return _show_assignment(driver_id, refusal)
    flash("The vehicle is assigned from now on.", "ok")
    return redirect(url_for("operator.list_drivers"), 303)


@bp.post("/drivers/<int:driver_id>/assignment/end")
def end_assignment(driver_id: int) -> ResponseReturnValue:
    """Take the vehicle back as of now."""
    try:
        service.end_assignment(write(), actor=actor(), at=at(), driver_id=driver_id)
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    else:
        flash("The assignment has ended; the vehicle is free.", "ok")
    return redirect(url_for("operator.new_assignment", driver_id=driver_id), 303)


def _show_new(refusal: Refusal | None = None) -> Response:
    return hx.render(
        "operator/drivers/new.html",
        status=refusal.status if refusal else 200,
        parks=[(park["id"], park["name"]) for park in vehicles.list_parks(read(), viewer=actor())],
        **_typed(refusal),
    )


def find_driver(everybody: list[dict[str, Any]], driver_id: int) -> dict[str, Any]:
    """The driver of this id among those in sight. Raises NotFound."""
    driver = next((driver for driver in everybody if driver["id"] == driver_id), None)
    if driver is None:
        raise NotFound(f"There is no driver {driver_id}.")
    return driver


def _show_assignment(driver_id: int, refusal: Refusal | None = None) -> Response:
    everybody = queries.list_drivers(read(), viewer=actor(), at=at())
    driver = find_driver(everybody, driver_id)
    taken = {driver["vehicle_id"] for driver in everybody}
    fleet = [v for v in vehicles.list_vehicles(read(), viewer=actor()) if v.park_id == driver["park_id"]]
    return hx.render(
        "operator/drivers/assignment.html",
        status=refusal.status if refusal else 200,
        driver=driver,
        having=next((vehicle for vehicle in fleet if vehicle.id == driver["vehicle_id"]), None),
        free=[vehicle for vehicle in fleet if vehicle.id not in taken],
        kinds=list(KINDS.items()),
        may_make_codes=actor().may("access:release", park_id=driver["park_id"]),
        **_typed(refusal),
    )


def _typed(refusal: Refusal | None) -> dict[str, Any]:
    return {"refusal": refusal, "errors": refusal.fields if refusal else {}, "typed": request.form}


def _in_words(invalid: Invalid, detail: str) -> Invalid:
    return Invalid(detail, fields={name: WANTED.get(name, text) for name, text in invalid.fields.items()})


def _parse_local(text: str) -> datetime | None:
    """A moment as typed, in the zone of whoever typed it."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(current_user.time_zone))
    except ValueError:
        raise Invalid("The assignment was not made.", fields={"ends_at": "Enter a date and a time."}) from None
