"""The track of a vehicle: where it was on a day, replayed on the map, with its trips and stops beside it.

A day is the park's, and every time on the page is by the park's clock: it is said once, at the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Response, request, url_for

from core.errors import Invalid, NotFound
from core.events import queries as events
from core.telemetry import queries
from core.vehicles import queries as vehicles
from portals import hx
from portals import telemetry_files as files
from portals.doors import actor, at, read
from portals.event_rows import in_words
from portals.operator import bp
from portals.ranges import Range, parse_day
from portals.telemetry_files.pieces import Source

MOST_POINTS = 50_000
MOST_MOMENTS = 500
FIELDS = ("lat", "lon", "speed_kmh", "course_deg", "ignition")
FILES: Mapping[str, tuple[Callable[[Source], Iterator[str]], str, str]] = {
    "track.csv": (files.write_points, "track", "csv"),
    "track.gpx": (files.write_gpx, "track", "gpx"),
    "trips.csv": (files.write_trips, "trips", "csv"),
    "stops.csv": (files.write_stops, "stops", "csv"),
}


@dataclass(frozen=True, slots=True)
class Window:
    """What of a day is shown: all of it, or from one time to another by the park's clock."""

    day: date
    clock_from: str
    clock_to: str
    range: Range
    zone: ZoneInfo
    problem: str | None = None

    @property
    def address(self) -> dict[str, str]:
        """The parameters that lead here again."""
        given = {"day": self.day.isoformat(), "from": self.clock_from, "to": self.clock_to}
        return {name: text for name, text in given.items() if text}


@bp.get("/vehicles/<int:vehicle_id>/track")
def show_track(vehicle_id: int) -> Response:
    """The page: the list and the frame of the map; the points come by themselves."""
    vehicle = vehicles.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    state = queries.list_states(read(), viewer=actor(), vehicle_ids=[vehicle_id]).get(vehicle_id)
    last = None if state is None else state["ts"]
    window = _asked_window(ZoneInfo(vehicle.time_zone), last or at())
    return hx.render(
        "operator/track/show.html",
        vehicle=vehicle,
        window=window,
        moments=_read_moments(vehicle_id, window),
        last_at=last,
        last_day=None if last is None else last.astimezone(window.zone).date(),
        today=at().astimezone(window.zone).date(),
        one_day=timedelta(days=1),
    )


@bp.get("/vehicles/<int:vehicle_id>/track.json")
def track_json(vehicle_id: int) -> Response:
    """The points of the same window, in columns."""
    subject = queries.get_subject(read(), viewer=actor(), vehicle_id=vehicle_id)
    window = _asked_window(ZoneInfo(subject.time_zone), at())
    track = queries.read_track(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        since=window.range.since,
        until=window.range.until,
        most=MOST_POINTS,
        fields=FIELDS,
    )
    rest = None
    if track.next_from is not None:
        more: dict[str, Any] = {**window.address, "from": f"{track.next_from.astimezone(window.zone):%H:%M}"}
        rest = url_for("operator.show_track", vehicle_id=vehicle_id, **more)
    body = {"count": track.count, "rest": rest, "columns": track.columns}
    return Response(orjson.dumps(body), mimetype="application/json", headers={"Cache-Control": "no-store"})


@bp.get("/vehicles/<int:vehicle_id>/track/file")
def track_file(vehicle_id: int) -> Response:
    """The same window as a file."""
    name = request.args.get("file", "")
    if name not in FILES:
        raise NotFound(f"There is no such file. Choose one of {', '.join(FILES)}.")
    subject = queries.get_subject(read(), viewer=actor(), vehicle_id=vehicle_id)
    window = _asked_window(ZoneInfo(subject.time_zone), at())
    write, what, kind = FILES[name]
    return files.send(vehicle_id, window.range, write, what=what, kind=kind)


def _asked_window(zone: ZoneInfo, otherwise: datetime) -> Window:
    """The window of the address; without a day the one of `otherwise`. Raises Invalid for what is no day or time."""
    text = request.args.get("day", "")
    day = parse_day(text, name="day") if text else otherwise.astimezone(zone).date()
    start, end = queries.day_bounds(day, zone.key)
    clock_from, clock_to = request.args.get("from", ""), request.args.get("to", "")
    since = _at_clock(day, clock_from, zone, name="from") if clock_from else start
    until = _at_clock(day, clock_to, zone, name="to") if clock_to else end
    if since < until:
        return Window(day, clock_from, clock_to, Range(since, until), zone)
    problem = f"“To” is not later than “from” ({clock_from}), so the whole day is shown. Enter a later time."
    return Window(day, "", "", Range(start, end), zone, problem)


def _at_clock(day: date, text: str, zone: ZoneInfo, *, name: str) -> datetime:
    try:
        clock = time.fromisoformat(text)
        if clock.tzinfo is not None:
            raise ValueError(text)
    except ValueError:
        raise Invalid(f"{name}: {text!r} is not a time of day. Write 08:30.", fields={name: "As 08:30."}) from None
    return datetime.combine(day, clock, zone)


def _read_moments(vehicle_id: int, window: Window) -> list[dict[str, Any]]:
    """The trips and stops that touch the window, and the events that began in it, in the order of time.

    Stops are numbered as on the map.
    """
    asked: dict[str, Any] = {
        "viewer": actor(),
        "vehicle_id": vehicle_id,
        "since": window.range.since,
        "until": window.range.until,
    }
    trips = queries.list_trips(read(), **asked, most=MOST_MOMENTS)
    stops = queries.list_stops(read(), **asked, most=MOST_MOMENTS)
    found: list[dict[str, Any]] = [
        *({"kind": "trip", "number": number, **trip} for number, trip in enumerate(trips, start=1)),
        *({"kind": "stop", "number": number, **stop} for number, stop in enumerate(stops, start=1)),
    ]
    if actor().may("events:read"):
        detected = in_words(read(), actor(), events.list_detections(read(), **asked, most=MOST_MOMENTS))
        found += [
            {
                "kind": "event",
                "title": event.title,
                "sentence": event.sentence,
                "started_at": event.record.started_at,
                "ended_at": event.record.ended_at,
            }
            for event in detected
        ]
    return [_on_page(moment, window) for moment in sorted(found, key=lambda moment: moment["started_at"])]


def _on_page(moment: dict[str, Any], window: Window) -> dict[str, Any]:
    """A trip, stop or event as the page shows it: cut to the window, its times by the park's clock."""
    started, ended = moment["started_at"], moment["ended_at"]
    first, last = max(started, window.range.since), min(ended or window.range.until, window.range.until)
    return {
        **moment,
        "start_ms": int(first.timestamp() * 1000),
        "end_ms": int(last.timestamp() * 1000),
        "started": _clock(started, window),
        "ended": None if ended is None else _clock(ended, window),
        "lasted_s": None if ended is None else (ended - started).total_seconds(),
    }


def _clock(moment: datetime, window: Window) -> str:
    """The time of day; with the day when it is another than the one shown."""
    there = moment.astimezone(window.zone)
    return f"{there:%H:%M}" if there.date() == window.day else f"{there:%-d %b, %H:%M}"
