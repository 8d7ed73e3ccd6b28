"""The timetable: which vehicle is whose when, a day, a week or a month at a time, in the time of one park."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.queries import AssignmentRecord
from core.drivers.rules.local_times import to_moment
from core.drivers.schemas import AssignmentChange
from core.errors import NotFound, Refusal
from core.vehicles import queries as vehicles
from core.vehicles.queries import VehicleRecord
from portals import hx
from portals.doors import actor, at, read, write
from portals.filters import describe_span
from portals.forms import parse_json, record_id
from portals.operator import bp

PAGE_SIZE = 50
VIEWS = {"day": "Day", "week": "Week", "month": "Month"}
# How finely a block can be moved, in minutes: what a hand can still point at.
STEPS = {"day": 15, "week": 30, "month": 360}
STATES = {"planned": "planned", "begun": "running", "ended": "ended"}


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the ruler: its moment in ms since 1970 and what stands beside it."""

    ms: int
    label: str
    is_today: bool = False
    is_weekend: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The days that are shown, by the clock of the park."""

    view: str
    first: date
    days: int
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """The first moment shown."""
        return to_moment(datetime.combine(self.first, time()), self.zone)

    @property
    def until(self) -> datetime:
        """The first moment that is no longer shown."""
        return to_moment(datetime.combine(self.first + timedelta(days=self.days), time()), self.zone)

    def list_ticks(self, today: date) -> list[Tick]:
        """Where the ruler is marked: at each day, or at each hour of a single day."""
        if self.view == "day":
            hours = int((self.until - self.since) / timedelta(hours=1))
            moments = [self.since + timedelta(hours=n) for n in range(hours)]
            return [Tick(in_ms(one), f"{one.astimezone(self.zone):%H}") for one in moments]
        days = [self.first + timedelta(days=n) for n in range(self.days)]
        return [
            Tick(
                in_ms(to_moment(datetime.combine(day, time()), self.zone)),
                str(day.day) if self.view == "month" else f"{day:%a %-d}",
                is_today=day == today,
                is_weekend=day.isoweekday() > 5,
            )
            for day in days
        ]

    def step(self, direction: int) -> date:
        """The first day of the window before or after."""
        if self.view != "month":
            return self.first + timedelta(days=direction * self.days)
        other = self.first.replace(day=15) + timedelta(days=30 * direction)
        return other.replace(day=1)


@dataclass(frozen=True, slots=True)
class Block:
    """An assignment as a block of the timetable."""

    record: AssignmentRecord
    state: str
    who: str
    times: str
    hours: str
    label: str
    is_barred: bool


@bp.get("/timetable")
def show_timetable() -> Response:
    """Vehicles of a park and what they are assigned to. What was asked stays in the address."""
    parks = vehicles.list_parks(read(), viewer=actor())
    park = choose_park(parks, request.args.get("park", type=record_id))
    if park is None:
        return hx.render("operator/timetable/none.html")
    window = read_window(park)
    today = at().astimezone(window.zone).date()
    text = request.args.get("q", "")
    after_id = request.args.get("after", 0, type=record_id)
    fleet = [
        vehicle
        for vehicle in vehicles.list_vehicles(read(), viewer=actor(), text=text)
        if vehicle.park_id == park["id"] and vehicle.id > after_id and vehicle.status != "written_off"
    ]
    shown = fleet[:PAGE_SIZE]
    blocks = _list_blocks(shown, window)
    return hx.render(
        "operator/timetable/show.html",
        "operator/timetable/_timetable.html",
        park=park,
        parks=parks,
        window=window,
        views=VIEWS,
        step_minutes=STEPS[window.view],
        before=window.step(-1),
        after=window.step(1),
        today=today,
        ticks=window.list_ticks(today),
        now_ms=in_ms(at()),
        since_ms=in_ms(window.since),
        until_ms=in_ms(window.until),
        fleet=shown,
        blocks=blocks,
        text=text,
        after_id=after_id,
        next_after=shown[-1].id if len(fleet) > PAGE_SIZE else None,
        may_assign=actor().may("drivers:assign", park_id=park["id"]),
        in_ms=in_ms,
    )


@bp.post("/timetable/assignments/<int:assignment_id>/times")
def move_assignment(assignment_id: int) -> ResponseReturnValue:
    """Move or resize a block, as a script asks: JSON in and out. A refusal says what is in the way, by name."""
    version = request.headers.get("If-Match", "").strip('"')
    try:
        change = parse_json(AssignmentChange)
        service.change_assignment(
            write(),
            actor=actor(),
            at=at(),
            assignment_id=assignment_id,
            change=change,
            versions=[int(version)] if version.isdecimal() else None,
        )
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        return jsonify(text=describe_refusal(refusal)), refusal.status
    written = queries.get_assignment(write().connection(), viewer=actor(), assignment_id=assignment_id)
    return jsonify(text=f"Saved: {written.vehicle}, {describe_times(written)}.", version=written.version)


def choose_park(parks: list[dict[str, Any]], wanted: int | None) -> dict[str, Any] | None:
    """The park that was asked for, or the first in sight; None when there is none."""
    return next((park for park in parks if park["id"] == wanted), parks[0] if parks else None)


def read_window(park: dict[str, Any]) -> Window:
    """The days that the address asks for; this week, when it does not say."""
    zone = ZoneInfo(park["time_zone"])
    view = request.args.get("view", "week")
    view = view if view in VIEWS else "week"
    try:
        day = date.fromisoformat(request.args.get("from", ""))
        if not 1971 <= day.year <= 9000:
            raise ValueError(day)
    except ValueError:
        day = at().astimezone(zone).date()
    if view == "week":
        return Window(view, day - timedelta(days=day.weekday()), 7, zone)
    if view == "month":
        first = day.replace(day=1)
        return Window(view, first, ((first + timedelta(days=31)).replace(day=1) - first).days, zone)
    return Window(view, day, 1, zone)


def list_people(park_id: int, *, also: int | None = None) -> list[tuple[int, str]]:
    """The drivers of a park who may be chosen, by name: the active ones, and the one who has it already."""
    people = queries.list_drivers(read(), viewer=actor(), at=at())
    return [
        (one["id"], one["name"])
        for one in people
        if one["park_id"] == park_id and (one["stage"] == "active" or one["id"] == also)
    ]


def describe_times(record: AssignmentRecord) -> str:
    """From when until when, by the clock of the park."""
    return describe_span(record.starts_at, record.ends_at, record.time_zone)


def describe_refusal(refusal: Refusal) -> str:
    """What was refused, and the assignment in the way by the names of vehicle and driver."""
    in_the_way = refusal.facts.get("assignment_id") if refusal.facts.get("problem") == "taken" else None
    if not isinstance(in_the_way, int):
        return " ".join([refusal.detail, *refusal.fields.values()])
    other = queries.get_assignment(read(), viewer=actor(), assignment_id=in_the_way)
    who = queries.name_drivers(read(), [other.driver_id])[other.driver_id]
    return f"Not saved: {who} has {other.vehicle} {describe_times(other)}. Move or end that first."


def in_ms(moment: datetime) -> int:
    """A moment as scripts count: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def _list_blocks(fleet: list[VehicleRecord], window: Window) -> dict[int, list[Block]]:
    found = queries.list_assignments(
        read(), viewer=actor(), since=window.since, until=window.until, vehicle_ids=[vehicle.id for vehicle in fleet]
    )
    names = queries.name_drivers(read(), [one.driver_id for one in found])
    blocks: dict[int, list[Block]] = defaultdict(list)
    for record in sorted(found, key=lambda one: one.starts_at):
        who = names[record.driver_id]
        state, times = record.state(at()).value, describe_times(record)
        label = f"{record.vehicle}, {times}. {record.terms}, {STATES[state]}."
        is_barred = state != "ended" and record.access_status.is_barred
        if is_barred:
            label += f" The driver is {record.access_status.replace('_', ' ')} and may not drive."
        blocks[record.vehicle_id].append(
            Block(record, state, who, times, _name_hours(record, window.zone), label, is_barred)
        )
    return blocks


def _name_hours(record: AssignmentRecord, zone: ZoneInfo) -> str:
    """As much of the times as a narrow block has room for: 08:00–16:00."""
    if record.ends_at is None or record.ends_at - record.starts_at > timedelta(days=1):
        return describe_times(record)
    return f"{record.starts_at.astimezone(zone):%H:%M}–{record.ends_at.astimezone(zone):%H:%M}"


def timetable_url(record: AssignmentRecord) -> str:
    """The week of the timetable in which an assignment begins, or now when that is past."""
    day = max(record.starts_at, at()).astimezone(ZoneInfo(record.time_zone)).date()
    return f"{url_for('operator.show_timetable', park=record.park_id)}&from={day.isoformat()}"
