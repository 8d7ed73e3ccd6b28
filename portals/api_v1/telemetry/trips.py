"""Trips and stops of one vehicle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify

from core.telemetry import queries
from portals import ranges
from portals.api_v1 import bp, pages
from portals.doors import actor, read


@bp.get("/telemetry/<int:vehicle_id>/trips")
def list_trips(vehicle_id: int) -> Response:
    """The trips that touch a range, by start."""
    return _page(queries.list_trips, vehicle_id)


@bp.get("/telemetry/<int:vehicle_id>/stops")
def list_stops(vehicle_id: int) -> Response:
    """The stops that touch a range, by start."""
    return _page(queries.list_stops, vehicle_id)


def _page(listed: Callable[..., list[dict[str, Any]]], vehicle_id: int) -> Response:
    asked = ranges.asked_range()
    most = pages.limit(default=500, most=1000)
    items = listed(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        since=asked.since,
        until=asked.until,
        after=pages.after_moment(),
        most=most,
        withdrawn=ranges.asked_yes("withdrawn"),
    )
    return jsonify(pages.page_of_moments(items, most=most, moment="started_at"))
