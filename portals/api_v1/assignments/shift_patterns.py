"""Shifts that come back each week."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

import msgspec
from flask import url_for
from msgspec import Meta

from core.drivers import queries, service
from core.drivers.queries import ShiftPatternRecord
from core.drivers.schemas import NewShiftPattern, SkippedDay
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, read, write


class ShiftDay(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one day of a pattern."""

    day: date
    outcome: Literal["made", "skipped", "refused"]
    problem: Annotated[str | None, Meta(description="Why no shift could be made: `taken`, `driver_barred`, …")]
    in_the_way_id: Annotated[int | None, Meta(description="The assignment that was in the way, if one was.")]


class ShiftPattern(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of each week, by the clock of the park. Its shifts are made 14 days ahead."""

    id: int
    vehicle_id: int
    driver_id: int
    park_id: int
    time_zone: str
    weekdays: Annotated[list[int], Meta(description="As in ISO 8601: Monday is 1.")]
    starts: time
    ends: Annotated[time, Meta(description="On the next day, if it is not after the start.")]
    first_day: date
    last_day: date | None
    ended_at: datetime | None
    days: Annotated[list[ShiftDay], Meta(description="From today on. Empty in a list.")]


class ShiftPatternPage(pages.Page, frozen=True, kw_only=True):
    """Patterns by id."""

    items: list[ShiftPattern]


class PatternQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which patterns: those that have not ended."""

    limit: pages.UpTo500 = 50


PATTERN = {
    "vehicle_id": 1,
    "driver_id": 2,
    "weekdays": [1, 2, 3, 4, 5],
    "starts": "08:00:00",
    "ends": "16:00:00",
    "first_day": "2199-11-25",
}


@bp.get("/shift_patterns")
@operation(query=PatternQuery, answers={200: ShiftPatternPage})
def list_shift_patterns(query: PatternQuery) -> dict[str, Any]:
    """The shifts that come back each week, by id, of those that have not ended."""
    most = query.limit
    after_id = pages.after_id(query.cursor)
    found = queries.list_shift_patterns(read(), viewer=actor(), after_id=after_id, most=most)
    items = [_show_pattern(one, days=[]) for one in found]
    return pages.page(items, most=most, last_id=found[-1].id if found else None)


@bp.post("/shift_patterns")
@operation(body=NewShiftPattern, answers={201: ShiftPattern}, refuses=(404, 409), keyed=True, example=PATTERN)
def add_shift_pattern(body: NewShiftPattern) -> Answer:
    """Add one, and make its shifts of the next 14 days. `days` says which could not be made, and why."""
    made = service.add_shift_pattern(write(), actor=actor(), at=at(), new=body)
    return _show_pattern_written(made, location=url_for("api_v1.get_shift_pattern", pattern_id=made))


@bp.get("/shift_patterns/<int:pattern_id>")
@operation(answers={200: ShiftPattern})
def get_shift_pattern(pattern_id: int) -> Answer:
    """One pattern, ended or not, with what became of its days."""
    found = queries.get_shift_pattern(read(), viewer=actor(), pattern_id=pattern_id)
    today = at().date()
    days = queries.list_shift_days(read(), viewer=actor(), pattern_id=pattern_id, since=today)
    return show_record(_show_pattern(found, days=days), found.version)


@bp.delete("/shift_patterns/<int:pattern_id>")
@operation(answers={200: ShiftPattern}, refuses=(409,), conditional=True)
def end_shift_pattern(pattern_id: int) -> Answer:
    """End it: its shifts that have not begun are cancelled."""
    service.end_shift_pattern(write(), actor=actor(), at=at(), pattern_id=pattern_id, versions=wanted_versions())
    return _show_pattern_written(pattern_id)


@bp.post("/shift_patterns/<int:pattern_id>/exceptions")
@operation(body=SkippedDay, answers={200: ShiftPattern}, refuses=(409,), example={"day": "2199-12-24"})
def skip_shift_day(pattern_id: int, body: SkippedDay) -> Answer:
    """No shift on this day: what was made of it is cancelled, and none is made again."""
    service.skip_shift_day(write(), actor=actor(), at=at(), pattern_id=pattern_id, day=body.day)
    return _show_pattern_written(pattern_id)


def _show_pattern_written(pattern_id: int, *, location: str | None = None) -> Answer:
    session = write()
    session.flush()
    reader, today = session.connection(), at().date()
    written = queries.get_shift_pattern(reader, viewer=service.PLANNER, pattern_id=pattern_id)
    days = queries.list_shift_days(reader, viewer=service.PLANNER, pattern_id=pattern_id, since=today)
    return show_record(_show_pattern(written, days=days), written.version, location=location)


def _show_pattern(one: ShiftPatternRecord, *, days: list[queries.ShiftDayRecord]) -> ShiftPattern:
    return ShiftPattern(
        id=one.id,
        vehicle_id=one.vehicle_id,
        driver_id=one.driver_id,
        park_id=one.park_id,
        time_zone=one.time_zone,
        weekdays=one.weekdays,
        starts=one.starts,
        ends=one.ends,
        first_day=one.first_day,
        last_day=one.last_day,
        ended_at=one.ended_at,
        days=[
            ShiftDay(day=day.day, outcome=day.outcome.value, problem=day.problem, in_the_way_id=day.in_the_way_id)
            for day in days
        ],
    )
