"""Shifts that come back each week: the list, a new one, its exceptions and its end."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.schemas import NewShiftPattern, SkippedDay
from core.errors import Invalid, NotFound, Refusal
from core.vehicles import queries as vehicles
from portals import hx
from portals.doors import actor, at, read, write
from portals.forms import parse_form, record_id
from portals.operator import bp
from portals.operator.timetable import choose_park, list_people

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
PROBLEMS = {
    "taken": "the vehicle or the driver is assigned elsewhere",
    "driver_barred": "the driver may not drive",
    "vehicle_not_available": "the vehicle is not available",
}
WANTED = {
    "vehicle_id": "Choose a vehicle.",
    "driver_id": "Choose a driver.",
    "weekdays": "Choose at least one day.",
    "starts": "Enter a time, such as 08:00.",
    "ends": "Enter a time, such as 16:00.",
    "first_day": "Enter the first day.",
    "last_day": "Enter the last day, or leave it empty.",
    "day": "Enter a day of the pattern.",
}


class TypedPattern(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed; the weekdays are ticks beside it."""

    vehicle_id: int
    driver_id: int
    starts: str
    ends: str
    first_day: date
    last_day: date | None = None


@bp.get("/timetable/weekly")
def list_weekly() -> Response:
    """The weekly patterns of a park, what became of their next days, and the form for a new one."""
    return _show()


@bp.post("/timetable/weekly")
def add_weekly() -> ResponseReturnValue:
    """Add a pattern and make its shifts of the next two weeks."""
    try:
        new = _parse()
        made = service.add_shift_pattern(write(), actor=actor(), at=at(), new=new)
    except Refusal as refusal:
        return _show(refusal)
    return _back(made, "The weekly shift was added, and its shifts of the next two weeks were made.")


@bp.post("/timetable/weekly/<int:pattern_id>/end")
def end_weekly(pattern_id: int) -> ResponseReturnValue:
    """End a pattern, and cancel what lies ahead of it."""
    try:
        cancelled = service.end_shift_pattern(write(), actor=actor(), at=at(), pattern_id=pattern_id)
    except Refusal as refusal:
        return _show(refusal)
    return _back(pattern_id, f"The weekly shift has ended; {cancelled} shifts that lay ahead were cancelled.")


@bp.post("/timetable/weekly/<int:pattern_id>/skip")
def skip_weekly(pattern_id: int) -> ResponseReturnValue:
    """An exception: no shift on one day."""
    try:
        day = parse_form(SkippedDay).day
        service.skip_shift_day(write(), actor=actor(), at=at(), pattern_id=pattern_id, day=day)
    except Refusal as refusal:
        return _show(refusal)
    return _back(pattern_id, f"No shift on {day:%a %-d %b %Y}.")


def _back(pattern_id: int, words: str) -> ResponseReturnValue:
    session = write()
    session.flush()
    pattern = queries.get_shift_pattern(session.connection(), viewer=actor(), pattern_id=pattern_id)
    flash(words, "ok")
    return redirect(url_for("operator.list_weekly", park=pattern.park_id), 303)


def _parse() -> NewShiftPattern:
    refused = "The weekly shift was not added."
    weekdays = [n for n in range(1, 8) if request.form.get(f"weekday.{n}")]
    try:
        typed = parse_form(TypedPattern, {k: v for k, v in request.form.items() if not k.startswith("weekday.")})
    except Invalid as invalid:
        fields = {name: WANTED.get(name, text) for name, text in invalid.fields.items()}
        raise Invalid(refused, fields=fields) from None
    if not weekdays:
        raise Invalid(refused, fields={"weekdays": WANTED["weekdays"]})
    return NewShiftPattern(
        vehicle_id=typed.vehicle_id,
        driver_id=typed.driver_id,
        weekdays=weekdays,
        starts=_time_of_day(typed.starts, "starts"),
        ends=_time_of_day(typed.ends, "ends"),
        first_day=typed.first_day,
        last_day=typed.last_day,
    )


def _time_of_day(text: str, field: str) -> time:
    """A time as a browser writes it: 08:00."""
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise Invalid("The weekly shift was not added.", fields={field: WANTED[field]}) from None


def _show(refusal: Refusal | None = None) -> Response:
    if isinstance(refusal, NotFound):
        raise refusal
    parks = vehicles.list_parks(read(), viewer=actor())
    park = choose_park(parks, request.values.get("park", type=record_id))
    if park is None:
        return hx.render("operator/timetable/none.html")
    today = at().astimezone(ZoneInfo(park["time_zone"])).date()
    patterns = [one for one in queries.list_shift_patterns(read(), viewer=actor()) if one.park_id == park["id"]]
    fleet = [v for v in vehicles.list_vehicles(read(), viewer=actor()) if v.park_id == park["id"]]
    return hx.render(
        "operator/timetable/weekly.html",
        status=refusal.status if refusal else 200,
        parks=parks,
        park=park,
        patterns=patterns,
        days={
            one.id: queries.list_shift_days(read(), viewer=actor(), pattern_id=one.id, since=today) for one in patterns
        },
        names=queries.name_drivers(read(), [one.driver_id for one in patterns]),
        weekdays=WEEKDAYS,
        problems=PROBLEMS,
        fleet=[(v.id, v.name) for v in fleet],
        people=list_people(park["id"]),
        today=today,
        typed=request.form,
        problem=refusal.detail if refusal else None,
        errors=refusal.fields if refusal else {},
        may_assign=actor().may("drivers:assign", park_id=park["id"]),
    )
