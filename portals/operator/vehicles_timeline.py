"""Everything that ever happened to a vehicle, in one line of time, newest first and without an end.

Each source is asked once for what it has before a moment. What is shown are those that are newer than the point up to
which every source has told all it has: so none is left out and none comes twice, wherever the line is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from core.access import queries as access
from core.drivers import queries as drivers
from core.events import queries as events
from core.telemetry import queries as telemetry
from core.vehicles import queries
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import DOCUMENT_KINDS
from portals import hx
from portals.doors import actor, at, read
from portals.event_rows import in_words, span
from portals.filters import kilometres, number, words
from portals.operator import bp
from portals.operator.vehicles_words import PAPER_WORDS, RECORD_WORDS, STATUSES, say_detail

MOST = 30
# The kinds of what is shown, with the word to choose them by and the icon.
KINDS: dict[str, tuple[str, str]] = {
    "status": ("Status", "car"),
    "driver": ("Drivers", "users"),
    "trip": ("Trips", "route"),
    "event": ("Events", "activity"),
    "lock": ("Locks", "lock"),
    "mileage": ("Mileage", "history"),
    "document": ("Papers", "file-text"),
    "record": ("Record", "id-badge-2"),
}
TIMELINE, OLDER = "operator/vehicles/_timeline.html", "operator/vehicles/_older.html"
# Something may be told to begin a little after now: what is planned, or a clock that goes ahead.
_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: when, of which kind, in words, by whom, and where to read more."""

    at: datetime
    kind: str
    title: str
    words: str = ""
    by: str = ""
    url: str | None = None
    tone: str = "plain"


# Reads what a vehicle has of one kind before a moment, at most so many, newest first.
Source = Callable[[VehicleRecord, datetime, int], Iterable[Moment]]


@bp.get("/vehicles/<int:vehicle_id>/timeline")
def show_timeline(vehicle_id: int) -> ResponseReturnValue:
    """The line of time of one vehicle: its beginning, or what comes after what is shown already."""
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    shown = read_timeline(vehicle)
    for fragment in (TIMELINE, OLDER):
        if hx.is_asked_for(fragment):
            return hx.render(fragment, vehicle=vehicle, **shown)
    return _show_page(vehicle, shown)


def _show_page(vehicle: VehicleRecord, shown: dict[str, Any]) -> Response:
    return hx.render("operator/vehicles/timeline.html", vehicle=vehicle, **shown)


def read_timeline(vehicle: VehicleRecord) -> dict[str, Any]:
    """What the templates of the line of time show, by what the address asks for."""
    offered = {name: said for name, said in KINDS.items() if _may_see(name)}
    chosen = tuple(name for name in offered if name in request.args.getlist("kind"))
    before = _parse_before(request.args.get("before", "")) or at() + _AHEAD
    moments, next_before = _read(vehicle, chosen or tuple(offered), before)
    older_url = None
    if next_before is not None:
        # The day that was begun goes along, so that its head does not come again.
        args: dict[str, Any] = {"kind": chosen, "before": next_before.isoformat(), "day": _day(vehicle, moments[-1].at)}
        older_url = url_for("operator.show_timeline", vehicle_id=vehicle.id, **args)
    return {
        "moments": moments,
        "timeline_kinds": offered,
        "chosen_kinds": chosen,
        "older_url": older_url,
        "begun_day": request.args.get("day"),
        "day_of": lambda moment: _day(vehicle, moment),
        "clock_of": lambda moment: f"{moment.astimezone(ZoneInfo(vehicle.time_zone)):%H:%M}",
    }


def _read(vehicle: VehicleRecord, kinds: Iterable[str], before: datetime) -> tuple[list[Moment], datetime | None]:
    """The newest before a moment, and the moment before which the next ones are; None when there are none."""
    told = [list(SOURCES[kind](vehicle, before, MOST)) for kind in kinds]
    full = [moments for moments in told if len(moments) >= MOST]
    found = sorted((one for moments in told for one in moments), key=lambda one: one.at, reverse=True)
    if not full:
        return found, None
    # Up to here every source has told all; of this very moment a full one may have more.
    horizon = max(moments[-1].at for moments in full)
    newer = [one for one in found if one.at > horizon]
    if newer:
        return newer, newer[-1].at
    return [one for one in found if one.at == horizon], horizon


def _statuses(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    changes = queries.list_status_changes(read(), viewer=actor(), vehicle_id=vehicle.id)
    newest = sorted((one for one in changes if one["at"] < before), key=lambda one: one["at"], reverse=True)
    for change in newest[:most]:
        yield Moment(
            change["at"], "status", f"Status: {STATUSES[change['status']]}", change["reason"], change["actor_name"]
        )


def _drivers(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    changes = drivers.list_holder_changes(read(), viewer=actor(), vehicle_id=vehicle.id, before=before, most=most)
    names = drivers.name_drivers(read(), {change.driver_id for change in changes})
    for change in changes:
        title = f"{names[change.driver_id]} {'has it' if change.is_begin else 'has it no longer'}"
        url = url_for("operator.show_driver_access", driver_id=change.driver_id)
        yield Moment(change.at, "driver", title, words(change.kind), url=url)


def _trips(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    for trip in telemetry.list_latest_trips(read(), viewer=actor(), vehicle_id=vehicle.id, before=before, most=most):
        said = [f"up to {number(trip['max_speed_kmh'], 'km/h')}"]
        if trip["ended_at"] is not None:
            said.insert(0, span((trip["ended_at"] - trip["started_at"]).total_seconds()))
        title = f"Trip of {kilometres(trip['distance_m'])}" + ("" if trip["ended_at"] else ", still going on")
        yield Moment(trip["started_at"], "trip", title, ", ".join(said), url=_track_url(vehicle, trip["started_at"]))


def _events(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    records = events.list_detections(read(), viewer=actor(), vehicle_id=vehicle.id, until=before, most=most)
    for row in in_words(read(), actor(), records):
        tone = {"info": "plain"}.get(row.severity, row.severity)
        said = row.sentence + (f" {row.measured}." if row.measured else "")
        started_at = row.record.started_at
        yield Moment(started_at, "event", row.title, said, url=_track_url(vehicle, started_at), tone=tone)


def _locks(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    for job in access.list_jobs(read(), viewer=actor(), vehicle_id=vehicle.id, until=before, most=most):
        title = f"{'Lock' if job.kind == 'immobilize' else 'Release'}: {words(job.state).lower()}"
        tone = "locked" if (job.kind, job.state) == ("immobilize", "confirmed") else "plain"
        said = ". ".join(one.rstrip(".") for one in (job.note, job.verdict or "") if one)
        url = url_for("operator.list_locks", vehicle_id=vehicle.id)
        yield Moment(job.ordered_at, "lock", title, said, job.ordered_by, url, "act" if job.state == "failed" else tone)


def _readings(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    readings = telemetry.list_mileage_readings(read(), viewer=actor(), vehicle_id=vehicle.id, before=before, most=most)
    for reading in readings:
        title = f"Odometer read: {number(reading['odometer_m'] / 1000, 'km', 1)}"
        yield Moment(reading["read_at"], "mileage", title, reading["reason"], reading["recorded_by"])


def _papers(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    for entry in _history(vehicle, PAPER_WORDS, before, most):
        kind = DOCUMENT_KINDS.get(entry.detail.get("kind", ""), "")
        title = PAPER_WORDS[entry.action] + (f": {kind}" if kind else "")
        page = "operator.show_photos" if "photo" in entry.action else "operator.show_documents"
        url = url_for(page, vehicle_id=vehicle.id)
        yield Moment(entry.at, "document", title, entry.detail.get("why", ""), entry.by, url)


def _record(vehicle: VehicleRecord, before: datetime, most: int) -> Iterable[Moment]:
    for entry in _history(vehicle, RECORD_WORDS, before, most):
        yield Moment(entry.at, "record", RECORD_WORDS[entry.action], say_detail(entry.detail), entry.by)


def _history(
    vehicle: VehicleRecord, actions: Mapping[str, str], before: datetime, most: int
) -> list[queries.HistoryRecord]:
    return queries.list_history(
        read(), viewer=actor(), vehicle_id=vehicle.id, actions=actions, before=before, most=most
    )


SOURCES: Mapping[str, Source] = {
    "status": _statuses,
    "driver": _drivers,
    "trip": _trips,
    "event": _events,
    "lock": _locks,
    "mileage": _readings,
    "document": _papers,
    "record": _record,
}
# What one must be allowed to read for a kind, where it is more than the vehicle.
_RIGHTS = {
    "driver": "drivers:read",
    "trip": "telemetry:read",
    "event": "events:read",
    "lock": "access:read",
    "mileage": "telemetry:read",
}


def _may_see(kind: str) -> bool:
    return kind not in _RIGHTS or actor().may(_RIGHTS[kind])


def _track_url(vehicle: VehicleRecord, moment: datetime) -> str:
    day = moment.astimezone(ZoneInfo(vehicle.time_zone)).date()
    return url_for("operator.show_track", vehicle_id=vehicle.id, day=day.isoformat())


def _day(vehicle: VehicleRecord, moment: datetime) -> str:
    """The day of a moment in the vehicle's park."""
    return f"{moment.astimezone(ZoneInfo(vehicle.time_zone)):%a, %-d %b %Y}"


def _parse_before(text: str) -> datetime | None:
    """A moment as our own links write it; None for anything else, which begins anew."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and 1970 <= moment.year <= 9000 else None
