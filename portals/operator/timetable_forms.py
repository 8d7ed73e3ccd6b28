"""One assignment of the timetable: making it, changing it, ending, cancelling and swapping it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.queries import AssignmentRecord
from core.drivers.rules.local_times import exists, to_moment
from core.drivers.schemas import AssignmentChange, AssignmentKind, Ending, Swap
from core.errors import Invalid, NotFound, Refusal
from core.identity import queries as identity
from core.vehicles import queries as vehicles
from portals import hx
from portals.doors import actor, at, read, write
from portals.forms import parse_form, record_id
from portals.operator import bp
from portals.operator.timetable import choose_park, describe_refusal, describe_times, list_people, timetable_url

KINDS = [("shift", "Shift"), ("rental", "Rental"), ("buy_out", "Buy-out")]
REASONS = [
    ("plan_changed", "The plan has changed"),
    ("driver_asked", "The driver asked for it"),
    ("driver_absent", "The driver did not come"),
    ("vehicle_not_available", "The vehicle is not available"),
    ("mistake", "It was a mistake"),
]
WANTED = {
    "vehicle_id": "Choose a vehicle.",
    "driver_id": "Choose a driver.",
    "kind": "Choose one of the list.",
    "starts_at": "Enter a date and a time.",
    "ends_at": "Enter a date and a time, or leave it empty.",
    "second_id": "Choose the other assignment.",
}
NOT_SAVED = "The assignment was not saved."
# Far enough to exchange vehicles with, near enough to be looked through.
SWAP_RANGE = timedelta(days=3)


class TypedAssignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is typed: times as a browser writes them, by the clock of the park."""

    vehicle_id: int
    driver_id: int
    starts_at: str
    ends_at: str = ""
    kind: AssignmentKind = AssignmentKind.SHIFT
    version: int | None = None


@bp.get("/timetable/new")
def new_planned() -> Response:
    """The form for a new assignment; vehicle and times may stand in the address."""
    return _show_new()


@bp.post("/timetable/new")
def add_planned() -> ResponseReturnValue:
    """Make it, and show where it stands."""
    try:
        typed = _parse()
        zone = _zone_of(typed.vehicle_id)
        made = service.assign_vehicle(
            write(),
            actor=actor(),
            at=at(),
            driver_id=typed.driver_id,
            vehicle_id=typed.vehicle_id,
            kind=typed.kind,
            starts_at=_moment(typed.starts_at, zone, "starts_at") or at(),
            ends_at=_moment(typed.ends_at, zone, "ends_at"),
        )
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        return _show_new(refusal)
    return _back_to(made, "Planned")


@bp.get("/timetable/assignments/<int:assignment_id>")
def show_assignment(assignment_id: int) -> Response:
    """One assignment: what can still be done to it, and everything that was."""
    return _show(queries.get_assignment(read(), viewer=actor(), assignment_id=assignment_id))


@bp.post("/timetable/assignments/<int:assignment_id>")
def change_planned(assignment_id: int) -> ResponseReturnValue:
    """Move, extend or shorten it."""
    record = queries.get_assignment(read(), viewer=actor(), assignment_id=assignment_id)
    try:
        typed = _parse()
        zone = ZoneInfo(record.time_zone)
        change = AssignmentChange(
            vehicle_id=typed.vehicle_id,
            driver_id=typed.driver_id,
            starts_at=_unless_same(_moment(typed.starts_at, zone, "starts_at"), record.starts_at) or record.starts_at,
            ends_at=_unless_same(_moment(typed.ends_at, zone, "ends_at"), record.ends_at),
        )
        service.change_assignment(
            write(),
            actor=actor(),
            at=at(),
            assignment_id=assignment_id,
            change=change,
            versions=None if typed.version is None else [typed.version],
        )
    except Refusal as refusal:
        return _show(record, refusal)
    return _back_to(assignment_id, "Saved")


@bp.post("/timetable/assignments/<int:assignment_id>/cancel")
def cancel_planned(assignment_id: int) -> ResponseReturnValue:
    """Take it back before it begins."""
    record = queries.get_assignment(read(), viewer=actor(), assignment_id=assignment_id)
    try:
        reason = parse_form(Ending).reason
        service.cancel_assignment(write(), actor=actor(), at=at(), assignment_id=assignment_id, reason=reason)
    except Refusal as refusal:
        return _show(record, refusal)
    flash(f"Cancelled: {record.vehicle}, {describe_times(record)}. It stays in the history.", "ok")
    return redirect(timetable_url(record), 303)


@bp.post("/timetable/assignments/<int:assignment_id>/return")
def return_planned(assignment_id: int) -> ResponseReturnValue:
    """The vehicle is back: it ends now."""
    record = queries.get_assignment(read(), viewer=actor(), assignment_id=assignment_id)
    try:
        service.hand_back(write(), actor=actor(), at=at(), assignment_id=assignment_id)
    except Refusal as refusal:
        return _show(record, refusal)
    flash(f"{record.vehicle} is back and free for another driver.", "ok")
    return redirect(timetable_url(record), 303)


@bp.post("/timetable/assignments/<int:assignment_id>/swap")
def swap_planned(assignment_id: int) -> ResponseReturnValue:
    """Exchange vehicles with another assignment."""
    record = queries.get_assignment(read(), viewer=actor(), assignment_id=assignment_id)
    try:
        swap = parse_form(Swap, {"first_id": str(assignment_id), "second_id": request.form.get("second_id", "")})
        service.swap_assignments(write(), actor=actor(), at=at(), first_id=swap.first_id, second_id=swap.second_id)
    except Refusal as refusal:
        return _show(record, refusal)
    flash("The two drivers have exchanged their vehicles.", "ok")
    return redirect(timetable_url(record), 303)


def _back_to(assignment_id: int, words: str) -> ResponseReturnValue:
    written = queries.get_assignment(write().connection(), viewer=actor(), assignment_id=assignment_id)
    flash(f"{words}: {written.vehicle}, {describe_times(written)}.", "ok")
    return redirect(timetable_url(written), 303)


def _parse() -> TypedAssignment:
    try:
        return parse_form(TypedAssignment)
    except Invalid as invalid:
        fields = {name: WANTED.get(name, text) for name, text in invalid.fields.items()}
        raise Invalid(NOT_SAVED, fields=fields) from None


def _moment(text: str, zone: ZoneInfo, field: str) -> datetime | None:
    """A moment as typed by the clock of the park; None for nothing. Raises Invalid for an hour that the clocks skip."""
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=None)
        if not 1971 <= local.year <= 9000:
            raise ValueError(text)
    except ValueError:
        raise Invalid(NOT_SAVED, fields={field: WANTED[field]}) from None
    if not exists(local, zone):
        words = "The clocks go forward then: this hour does not exist. Choose one before or after it."
        raise Invalid(NOT_SAVED, fields={field: words})
    return to_moment(local, zone)


def _unless_same(typed: datetime | None, was: datetime | None) -> datetime | None:
    """What was, when what was typed is that to the minute: a form does not carry seconds."""
    if typed is None or was is None:
        return typed
    return was if typed == was.astimezone(UTC).replace(second=0, microsecond=0) else typed


def _zone_of(vehicle_id: int) -> ZoneInfo:
    return ZoneInfo(vehicles.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id).time_zone)


def _show_new(refusal: Refusal | None = None) -> Response:
    parks = vehicles.list_parks(read(), viewer=actor())
    vehicle_id = request.values.get("vehicle_id", type=record_id)
    park = choose_park(parks, request.args.get("park", type=record_id))
    if vehicle_id is not None:
        vehicle = vehicles.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
        park = choose_park(parks, vehicle.park_id)
    if park is None:
        raise NotFound("There is no park in sight.")
    return hx.render(
        "operator/timetable/new.html",
        "operator/timetable/_planned.html",
        status=refusal.status if refusal else 200,
        record=None,
        typed={**request.args, **request.form},
        **_choices(park["id"], park["time_zone"]),
        **_told(refusal),
    )


def _show(record: AssignmentRecord, refusal: Refusal | None = None) -> Response:
    zone = ZoneInfo(record.time_zone)
    state = record.state(at())
    history = queries.list_assignment_changes(read(), viewer=actor(), assignment_id=record.id)
    people = [line.actor_id for line in history if line.actor_kind == "user" and line.actor_id is not None]
    handovers = queries.list_handovers(read(), viewer=actor(), assignment_ids=[record.id])
    typed = {
        "vehicle_id": str(record.vehicle_id),
        "driver_id": str(record.driver_id),
        "kind": record.kind.value,
        "starts_at": as_local(record.starts_at, zone),
        "ends_at": as_local(record.ends_at, zone) if record.ends_at else "",
        "version": str(record.version),
    }
    return hx.render(
        "operator/timetable/assignment.html",
        "operator/timetable/_planned.html",
        status=refusal.status if refusal else 200,
        record=record,
        state=state.value,
        times=describe_times(record),
        back=timetable_url(record),
        who=queries.name_drivers(read(), [record.driver_id])[record.driver_id],
        handovers={line.kind.value: line for line in handovers},
        typed={**typed, **request.form},
        reasons=REASONS,
        swaps=_list_swaps(record) if state.value in {"planned", "begun"} else [],
        history=history,
        names=identity.name_users(read(), user_ids=people),
        reason_words={**dict(REASONS), "handed_back": "The vehicle was handed back"},
        zone=zone,
        **_choices(record.park_id, record.time_zone, record.driver_id),
        **_told(refusal),
    )


def _choices(park_id: int, time_zone: str, driver_id: int | None = None) -> dict[str, Any]:
    fleet = [v for v in vehicles.list_vehicles(read(), viewer=actor()) if v.park_id == park_id]
    return {
        "fleet": [(v.id, f"{v.name}, {v.plate}" if v.plate and v.plate != v.name else v.name) for v in fleet],
        "people": list_people(park_id, also=driver_id),
        "kinds": KINDS,
        "time_zone": time_zone,
        "may_assign": actor().may("drivers:assign", park_id=park_id),
        "may_hand_over": actor().may("drivers:hand_over", park_id=park_id),
    }


def _list_swaps(record: AssignmentRecord) -> list[tuple[int, str]]:
    """The other assignments around, of the same park and equally begun, that this one could exchange vehicles with."""
    since = max(record.starts_at, at()) - SWAP_RANGE
    around = queries.list_assignments(
        read(), viewer=actor(), since=since, until=since + 2 * SWAP_RANGE, park_id=record.park_id
    )
    names = queries.name_drivers(read(), [one.driver_id for one in around])
    return [
        (one.id, f"{names[one.driver_id]}, {one.vehicle}, {describe_times(one)}")
        for one in around
        if one.id != record.id and one.state(at()) is record.state(at()) and one.vehicle_id != record.vehicle_id
    ]


def _told(refusal: Refusal | None) -> dict[str, Any]:
    if refusal is None:
        return {"problem": None, "errors": {}}
    return {"problem": refusal.detail if refusal.fields else describe_refusal(refusal), "errors": refusal.fields}


def as_local(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as the field of a form has it: 2026-11-24T08:00."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
