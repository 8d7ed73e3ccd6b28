"""Sums over periods: of one vehicle, and of the fleet for a day."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, jsonify, request

from core.errors import Invalid
from core.telemetry import queries
from portals import ranges
from portals.api_v1 import bp, pages
from portals.doors import actor, read

LONGEST = timedelta(days=366)


@bp.get("/telemetry/<int:vehicle_id>/periods")
def list_periods(vehicle_id: int) -> Response:
    """The periods of a width that begin in a range, by start. Days are the park's."""
    asked = ranges.asked_range(longest=LONGEST)
    most = pages.limit(default=500, most=10_000)
    items = queries.list_periods(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        width=asked_width(),
        since=asked.since,
        until=asked.until,
        after=pages.after_moment(),
        most=most,
    )
    return jsonify(pages.page_of_moments(items, most=most, moment="start"))


@bp.get("/telemetry/periods")
def list_fleet_periods() -> Response:
    """One day of every vehicle in sight that reported on it, by vehicle id; the day is of each one's own park."""
    if asked_width() != "1d":
        raise Invalid(
            "width: of the whole fleet there are days, 1d. Ask for finer periods by vehicle, "
            "GET /api/v1/telemetry/{vehicle_id}/periods.",
            fields={"width": "1d."},
        )
    day = ranges.parse_day(request.args.get("date", ""), name="date")
    most = pages.limit(default=500, most=1000)
    items = queries.list_fleet_day(read(), viewer=actor(), day=day, after_id=pages.after_id(), most=most)
    return jsonify(pages.page(items, most=most, last_id=items[-1]["vehicle_id"] if items else None))


def asked_width() -> str:
    """The `width` asked for. Raises Invalid unless there are periods of it."""
    width = request.args.get("width", "")
    if width not in queries.WIDTHS:
        widths = ", ".join(queries.WIDTHS)
        raise Invalid(f"width: {width!r} is not one of {widths}.", fields={"width": f"One of {widths}."})
    return width
