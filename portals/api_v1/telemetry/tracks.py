"""The way of one vehicle over a range of time."""

from __future__ import annotations

import math

import orjson
from flask import Response, request

from core.errors import Invalid
from core.telemetry import queries
from portals import ranges
from portals.api_v1 import bp, pages
from portals.doors import actor, read

MOST_POINTS = 50_000
FIELDS = frozenset(queries.POINT_COLUMNS) - {"ts", "received_at"}


@bp.get("/telemetry/<int:vehicle_id>/track")
def get_track(vehicle_id: int) -> Response:
    """The points of a range in columns, whole or simplified; `next_from` says where to go on when they did not fit."""
    asked = ranges.asked_range()
    tolerance_m = _asked_tolerance()
    track = queries.read_track(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        since=asked.since,
        until=asked.until,
        most=pages.limit(default=20_000, most=MOST_POINTS, name="most"),
        fields=_asked_fields(),
        tolerance_m=tolerance_m,
    )
    body = {
        "vehicle_id": vehicle_id,
        "from": asked.since,
        "to": asked.until,
        "tolerance_m": tolerance_m,
        "read_count": track.read_count,
        "count": track.count,
        "next_from": track.next_from,
        "columns": track.columns,
    }
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), mimetype="application/json")


def _asked_tolerance() -> float | None:
    text = request.args.get("tolerance_m")
    if text is None:
        return None
    try:
        tolerance_m = float(text)
    except ValueError:
        tolerance_m = math.nan
    if not 0 <= tolerance_m <= 10_000:
        raise Invalid(
            f"tolerance_m: {text!r} is not a number of metres from 0 to 10000.",
            fields={"tolerance_m": "0 to 10000, or left out for every point."},
        )
    return tolerance_m


def _asked_fields() -> tuple[str, ...]:
    text = request.args.get("fields")
    if text is None:
        return queries.TRACK_FIELDS
    fields = tuple(dict.fromkeys(text.split(",")))
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise Invalid(
            f"fields: points have no {unknown[0]!r}. Choose from {', '.join(sorted(FIELDS))}.",
            fields={"fields": f"No {unknown[0]!r}."},
        )
    return fields
