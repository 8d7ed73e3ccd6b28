"""Sums over a minute, a quarter of an hour, an hour, a day of the park."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.permissions import Actor
from core.telemetry.models import PERIODS
from core.telemetry.queries.subjects import get_subject, is_readable
from core.telemetry.queries.trips import mean_speed_kmh
from core.vehicles.models import Park, Vehicle

WIDTHS = {"1m": timedelta(minutes=1), "15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
# No zone is further from UTC: what a day of any park can reach, so that only its partitions are looked at.
_FURTHEST = timedelta(hours=15)


def list_periods(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int,
    width: str,
    since: datetime,
    until: datetime,
    after: datetime | None = None,
    most: int = 1000,
) -> list[dict[str, Any]]:
    """The periods of one vehicle that begin in a range, by start, those after `after`. Needs telemetry:read.

    `width` is one of WIDTHS. Each carries its `end` and `mean_speed_kmh`, which is over the time it moved.
    """
    subject = get_subject(reader, viewer=viewer, vehicle_id=vehicle_id)
    table = PERIODS[width]
    query = (
        sa.select(table)
        .where(table.c.vehicle_id == vehicle_id, table.c.start >= since, table.c.start < until)
        .order_by(table.c.start)
        .limit(most)
    )
    if after is not None:
        query = query.where(table.c.start > after)
    zone = ZoneInfo(subject.time_zone)
    return [_complete(row, width, zone) for row in plain_rows(reader.execute(query))]


def list_fleet_day(
    reader: Reader, *, viewer: Actor, day: date, after_id: int = 0, most: int = 1000
) -> list[dict[str, Any]]:
    """One day of every vehicle in sight that reported on it, by vehicle id. Needs telemetry:read.

    The day is of each vehicle's own park: it begins and ends with the park's midnight.
    """
    viewer.require("telemetry:read")
    days = PERIODS["1d"]
    midnight = datetime.combine(day, time(), UTC)
    query = (
        sa.select(days, Park.time_zone)
        .join(Vehicle, Vehicle.id == days.c.vehicle_id)
        .join(Park, Park.id == Vehicle.park_id)
        .where(
            days.c.start == sa.func.timezone(Park.time_zone, sa.cast(day, sa.DateTime())),
            days.c.start.between(midnight - _FURTHEST, midnight + _FURTHEST),
            days.c.vehicle_id > after_id,
            is_readable(viewer),
        )
        .order_by(days.c.vehicle_id)
        .limit(most)
    )
    return [_complete(row, "1d", ZoneInfo(row.pop("time_zone"))) for row in plain_rows(reader.execute(query))]


def day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """When a day of a park begins and ends; where clocks are changed it is 23 or 25 hours long."""
    zone = ZoneInfo(time_zone)
    start, end = (datetime.combine(day + timedelta(days=n), time(), zone).astimezone(UTC) for n in (0, 1))
    return start, end


def _complete(row: dict[str, Any], width: str, zone: ZoneInfo) -> dict[str, Any]:
    start: datetime = row["start"]
    end = day_bounds(start.astimezone(zone).date(), zone.key)[1] if width == "1d" else start + WIDTHS[width]
    return {
        "vehicle_id": row["vehicle_id"],
        "start": start,
        "end": end,
        **{name: value for name, value in row.items() if name not in {"vehicle_id", "start"}},
        "mean_speed_kmh": mean_speed_kmh(row["distance_m"], row["moving_s"]),
    }
