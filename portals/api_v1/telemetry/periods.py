"""Sums over periods: of one vehicle, and of the fleet for a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.telemetry import queries
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.api_v1.telemetry.spans import PagedSpan, range_of
from portals.doors import actor, read

LONGEST = timedelta(days=366)
Width = Annotated[Literal["1m", "15m", "1h", "1d"], Meta(description="How long each period is; 1d is the park's day.")]


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over one period of one vehicle."""

    vehicle_id: int
    start: datetime
    end: datetime
    point_count: int
    distance_m: float
    moving_s: float
    idle_s: Annotated[float, Meta(description="With the engine on and standing.")]
    engine_s: float | None
    fuel_l: float | None
    max_speed_kmh: float | None
    dtc_count: int
    mean_speed_kmh: Annotated[float | None, Meta(description="Over the time it moved.")]


class PeriodPage(pages.Page, frozen=True, kw_only=True):
    """Periods in order."""

    items: list[Period]


class PeriodQuery(PagedSpan, frozen=True, kw_only=True):
    """Which periods of a vehicle."""

    width: Width
    limit: pages.UpTo10000 = 500


class FleetDayQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which day of the fleet."""

    width: Annotated[Literal["1d"], Meta(description="Of the whole fleet there are days; finer periods by vehicle.")]
    date: Annotated[date, Meta(description="The day of each vehicle's own park.")]
    limit: pages.UpTo1000 = 500


@bp.get("/telemetry/<int:vehicle_id>/periods")
@operation(query=PeriodQuery, answers={200: PeriodPage})
def list_periods(vehicle_id: int, query: PeriodQuery) -> dict[str, Any]:
    """The periods of a width that begin in a range of at most 366 days, by start. Days are the park's."""
    asked = range_of(query, vehicle_id, longest=LONGEST)
    items = queries.list_periods(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        width=query.width,
        since=asked.since,
        until=asked.until,
        after=pages.after_moment(query.cursor),
        most=query.limit,
    )
    return pages.page_of_moments(items, most=query.limit, moment="start")


@bp.get("/telemetry/periods")
@operation(query=FleetDayQuery, answers={200: PeriodPage})
def list_fleet_periods(query: FleetDayQuery) -> dict[str, Any]:
    """One day of every vehicle in sight that reported on it, by vehicle id; the day is of each one's own park."""
    after_id, most = pages.after_id(query.cursor), query.limit
    items = queries.list_fleet_day(read(), viewer=actor(), day=query.date, after_id=after_id, most=most)
    return pages.page(items, most=most, last_id=items[-1]["vehicle_id"] if items else None)
