"""The log: of everything in sight, of a driver, of a vehicle, of a park; and one event."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.events import queries
from core.events.queries import LogQuery
from core.telemetry.queries import day_bounds
from core.vehicles.schemas import RecordId
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record
from portals.api_v1.contract import Answer, operation
from portals.api_v1.event_log.shapes import FullEvent, LogPage, Which, show_entry, show_full
from portals.doors import actor, read
from portals.log_places import as_cursor, as_place
from portals.ranges import Moment


class LogFilter(pages.PageQuery, frozen=True, kw_only=True):
    """Which of the log."""

    kind: Annotated[Which | None, Meta(description="Only of this kind.")] = None
    since: Annotated[Moment | None, Meta(description="Happened at this moment or later.")] = msgspec.field(
        name="from", default=None
    )
    until: Annotated[Moment | None, Meta(description="Happened before this moment.")] = msgspec.field(
        name="to", default=None
    )
    disputed: Annotated[bool | None, Meta(description="Only what is disputed now, or only what is not.")] = None
    unmatched: Annotated[
        bool | None, Meta(description="Only what waits for a person to say whose it is, or only the rest.")
    ] = None
    withdrawn: Annotated[bool, Meta(description="Also what was withdrawn.")] = False
    limit: pages.UpTo500 = 50


class WholeLogFilter(LogFilter, frozen=True, kw_only=True):
    """Which of the log of all parks in sight."""

    responsible: Annotated[RecordId | None, Meta(description="Only what is this driver's.")] = None


class DayFilter(LogFilter, frozen=True, kw_only=True):
    """Which of the log of one driver, vehicle or park."""

    date: Annotated[
        date | None, Meta(description="A day of the park, midnight to midnight, instead of `from` and `to`.")
    ] = None


class ResponsibleDayFilter(DayFilter, frozen=True, kw_only=True):
    """Which of the log of one vehicle or park."""

    responsible: Annotated[RecordId | None, Meta(description="Only what is this driver's.")] = None


@bp.get("/event_log")
@operation(query=WholeLogFilter, answers={200: LogPage}, refuses=(404,))
def list_event_log(query: WholeLogFilter) -> dict[str, Any]:
    """What was told in all parks in sight, newest first; trips and detections when `kind` asks for them."""
    return _page(LogQuery(driver_id=query.responsible), query)


@bp.get("/event_log/driver/<int:driver_id>")
@operation(query=DayFilter, answers={200: LogPage})
def list_event_log_of_driver(driver_id: int, query: DayFilter) -> dict[str, Any]:
    """What happened to a driver, newest first, with the trips and detections of the times they had a vehicle."""
    return _page_of_day(LogQuery(driver_id=driver_id), query)


@bp.get("/event_log/vehicle/<int:vehicle_id>")
@operation(query=ResponsibleDayFilter, answers={200: LogPage})
def list_event_log_of_vehicle(vehicle_id: int, query: ResponsibleDayFilter) -> dict[str, Any]:
    """What happened with a vehicle, newest first, with its trips and what was detected."""
    return _page_of_day(LogQuery(vehicle_id=vehicle_id, driver_id=query.responsible), query)


@bp.get("/event_log/park/<int:park_id>")
@operation(query=ResponsibleDayFilter, answers={200: LogPage})
def list_event_log_of_park(park_id: int, query: ResponsibleDayFilter) -> dict[str, Any]:
    """What happened in a park, newest first; trips and detections when `kind` asks for them."""
    return _page_of_day(LogQuery(park_id=park_id, driver_id=query.responsible), query)


@bp.get("/event_log/<int:event_id>")
@operation(answers={200: FullEvent})
def get_logged_event(event_id: int) -> Answer:
    """One event: its versions, whose it was found to be, its disputes, and how far the file of an incident is."""
    found = queries.get_event(read(), viewer=actor(), event_id=event_id)
    return show_record(show_full(found), found.line.version)


def _page_of_day(asked: LogQuery, query: DayFilter) -> dict[str, Any]:
    if query.date is None:
        return _page(asked, query)
    if query.since is not None or query.until is not None:
        raise Invalid(
            "date: a day and a range at once. Leave out date, or from and to.", fields={"date": "Not with from or to."}
        )
    if not 1970 <= query.date.year <= 9000:
        raise Invalid("date: that is no day of ours.", fields={"date": "A day from 1970 on, such as 2026-11-24."})
    zone = queries.get_zone(read(), viewer=actor(), query=asked)
    since, until = day_bounds(query.date, zone)
    return _page(asked, query, since, until)


def _page(
    asked: LogQuery, query: LogFilter, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    asked = replace(
        asked,
        since=since or query.since,
        until=until or query.until,
        kinds=None if query.kind is None else frozenset({query.kind}),
        disputed=query.disputed,
        is_waiting=query.unmatched,
        withdrawn=query.withdrawn,
    )
    lines = queries.list_log(read(), viewer=actor(), query=asked, after=as_place(query.cursor), most=query.limit)
    cursor = as_cursor(lines[-1].place) if len(lines) == query.limit else None
    pages.goes_on_at(cursor)
    return {"items": [show_entry(line) for line in lines], "next_cursor": cursor}
