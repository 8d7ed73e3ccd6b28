"""What was detected: the list with its filters, the same as a file, and the latest of one vehicle."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask_login import current_user

from core.errors import Invalid, NotFound
from core.events import queries
from core.events.queries import DetectionRecord, Place
from core.vehicles import queries as vehicles
from portals import event_rows, hx
from portals.doors import actor, read
from portals.event_rows import EventRow, in_words
from portals.forms import record_id
from portals.operator import bp
from portals.security import as_cell

PAGE_SIZE = 100
MOST_IN_FILE = 50_000
_FILE_STEP = 5_000
COLUMNS = (
    "vehicle_id",
    "vehicle",
    "event",
    "what",
    "began_utc",
    "ended_utc",
    "value",
    "unit",
    "lat",
    "lon",
    "withdrawn_utc",
)


@bp.get("/events")
def list_events() -> Response:
    """What was detected about the vehicles of the operator's parks, newest first, a page at a time."""
    chosen, problem = _chosen()
    records, next_cursor = ([], None) if problem else _read_page(chosen)
    fleet = vehicles.list_vehicles(read(), viewer=actor())
    kept = _kept()
    return hx.render(
        "operator/events/list.html",
        "operator/events/_events.html",
        status=problem.status if problem else 200,
        events=in_words(read(), actor(), records),
        vehicles={vehicle.id: vehicle for vehicle in fleet},
        kinds=event_rows.titles(),
        counts=_count(chosen, records),
        kept=kept,
        is_filtered=bool(kept),
        problem=problem,
        first_url=url_for("operator.list_events", **kept) if request.args.get("cursor") else None,
        next_url=url_for("operator.list_events", **kept, cursor=next_cursor) if next_cursor else None,
        file_url=url_for("operator.download_events", **kept),
        span=event_rows.span,
    )


@bp.get("/events.csv")
def download_events() -> Response:
    """The same as the list, all of it up to 50,000 events, as a file for a spreadsheet. Times are UTC."""
    chosen, problem = _chosen()
    if problem:
        raise problem
    names = {vehicle.id: vehicle.name for vehicle in vehicles.list_vehicles(read(), viewer=actor())}
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    after: Place | None = None
    written = 0
    while written < MOST_IN_FILE:
        records = queries.list_detections(read(), viewer=actor(), **chosen, after=after, most=_FILE_STEP)
        lines.writerows(_line(row, names) for row in in_words(read(), actor(), records))
        written += len(records)
        if len(records) < _FILE_STEP:
            break
        after = records[-1].place
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="events.csv"'
    return response


def _read_page(chosen: dict[str, Any]) -> tuple[list[DetectionRecord], str | None]:
    after = event_rows.as_place(request.args.get("cursor", ""))
    try:
        found = queries.list_detections(read(), viewer=actor(), **chosen, after=after, most=PAGE_SIZE + 1)
    except NotFound:
        return [], None  # a vehicle that is not, or not in sight, has no events
    shown = found[:PAGE_SIZE]
    return shown, event_rows.as_cursor(shown[-1].place) if len(found) > PAGE_SIZE else None


def _count(chosen: dict[str, Any], shown: list[DetectionRecord]) -> dict[str, int]:
    """How many of each kind, of one vehicle or one day: of everything ever it would be slow to say and of no use."""
    if not shown or (chosen["vehicle_id"] is None and chosen["since"] is None):
        return {}
    which = {name: chosen[name] for name in ("vehicle_id", "since", "until", "withdrawn")}
    return queries.count_by_kind(read(), viewer=actor(), **which)


def _kept() -> dict[str, Any]:
    """The filters as they stand in the URL, without those that are empty."""
    names = ("kind", "vehicle", "day", "open", "withdrawn")
    return {name: request.args[name] for name in names if request.args.get(name)}


def _chosen() -> tuple[dict[str, Any], Invalid | None]:
    """The filters as the query wants them, and what is wrong with one."""
    kind = request.args.get("kind", "")
    chosen: dict[str, Any] = {
        "kind": kind if kind in event_rows.titles() else None,
        "vehicle_id": request.args.get("vehicle", type=record_id),
        "since": None,
        "until": None,
        "open_only": bool(request.args.get("open")),
        "withdrawn": bool(request.args.get("withdrawn")),
    }
    day = request.args.get("day", "")
    if day:
        try:
            chosen["since"], chosen["until"] = _bounds(date.fromisoformat(day))
        except (ValueError, OverflowError):
            return chosen, Invalid(f"{day} is not a day. Choose one, or clear the field to see all days.")
    return chosen, None


def _bounds(day: date) -> tuple[datetime, datetime]:
    """A day in the zone of whoever asks."""
    zone = ZoneInfo(current_user.time_zone)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def _line(row: EventRow, names: dict[int, str]) -> list[object]:
    record = row.record
    return [
        record.vehicle_id,
        as_cell(names.get(record.vehicle_id, "")),
        row.title,
        as_cell(row.sentence),
        _utc(record.started_at),
        _utc(record.ended_at),
        "" if record.value is None else round(record.value, 2),
        row.unit,
        record.lat,
        record.lon,
        _utc(record.withdrawn_at),
    ]


def _utc(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
