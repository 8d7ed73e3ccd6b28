"""Trips and stops of one vehicle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.telemetry import queries
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.api_v1.telemetry.spans import PagedSpan, range_of
from portals.doors import actor, read


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """From setting off to standing again."""

    vehicle_id: int
    started_at: datetime
    ended_at: Annotated[datetime | None, Meta(description="Null while it lasts.")]
    start_lat: float | None
    start_lon: float | None
    end_lat: float | None
    end_lon: float | None
    distance_m: float
    moving_s: float
    idle_s: float
    max_speed_kmh: float
    mean_speed_kmh: Annotated[float | None, Meta(description="Over the time it moved.")]
    point_count: int
    start_odometer_m: int | None
    end_odometer_m: int | None
    fuel_l: float | None
    changed_at: Annotated[datetime, Meta(description="When late points last changed what was found.")]
    withdrawn_at: Annotated[datetime | None, Meta(description="When late points took it back.")]


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Standing between two trips."""

    vehicle_id: int
    started_at: datetime
    ended_at: Annotated[datetime | None, Meta(description="Null while it lasts.")]
    lat: float | None
    lon: float | None
    idle_s: float
    point_count: int
    changed_at: Annotated[datetime, Meta(description="When late points last changed what was found.")]
    withdrawn_at: Annotated[datetime | None, Meta(description="When late points took it back.")]


class TripPage(pages.Page, frozen=True, kw_only=True):
    """Trips by start."""

    items: list[Trip]


class StopPage(pages.Page, frozen=True, kw_only=True):
    """Stops by start."""

    items: list[Stop]


class FoundQuery(PagedSpan, frozen=True, kw_only=True):
    """Which trips or stops."""

    withdrawn: Annotated[bool, Meta(description="Also what late points took back.")] = False
    limit: pages.UpTo1000 = 500


@bp.get("/telemetry/<int:vehicle_id>/trips")
@operation(query=FoundQuery, answers={200: TripPage})
def list_trips(vehicle_id: int, query: FoundQuery) -> dict[str, Any]:
    """The trips that touch a range of at most 31 days, by start."""
    return _page(queries.list_trips, vehicle_id, query)


@bp.get("/telemetry/<int:vehicle_id>/stops")
@operation(query=FoundQuery, answers={200: StopPage})
def list_stops(vehicle_id: int, query: FoundQuery) -> dict[str, Any]:
    """The stops that touch a range of at most 31 days, by start."""
    return _page(queries.list_stops, vehicle_id, query)


def _page(listed: Callable[..., list[dict[str, Any]]], vehicle_id: int, query: FoundQuery) -> dict[str, Any]:
    asked = range_of(query, vehicle_id)
    items = listed(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        since=asked.since,
        until=asked.until,
        after=pages.after_moment(query.cursor),
        most=query.limit,
        withdrawn=query.withdrawn,
    )
    return pages.page_of_moments(items, most=query.limit, moment="started_at")
