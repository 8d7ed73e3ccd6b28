"""The way of one vehicle over a range of time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
import orjson
from flask import Response
from msgspec import Meta

from core.errors import Invalid
from core.telemetry import queries
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.api_v1.telemetry.spans import Span, range_of
from portals.doors import actor, read

MOST_POINTS = 50_000
FIELDS = frozenset(queries.POINT_COLUMNS) - {"ts", "received_at"}
Field = Annotated[str, Meta(extra_json_schema={"enum": sorted(FIELDS)})]


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """The points of a range in columns."""

    vehicle_id: int
    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    tolerance_m: float | None
    read_count: Annotated[int, Meta(description="How many points were looked at.")]
    count: Annotated[int, Meta(description="How many are in the columns.")]
    next_from: Annotated[datetime | None, Meta(description="Ask on with it as `from`: the rest did not fit.")]
    columns: Annotated[
        dict[str, list[Any]],
        Meta(
            description="One array for each field, all of one length, in the order of time. `ts_ms` is milliseconds "
            "since 1970, the others are as in a point; null is not reported."
        ),
    ]


class TrackQuery(Span, frozen=True, kw_only=True):
    """Which points, and how much of them."""

    most: Annotated[int, Meta(ge=1, le=MOST_POINTS, description="How many points are read at most.")] = 20_000
    tolerance_m: Annotated[
        Annotated[float, Meta(ge=0, le=10_000)] | None,
        Meta(description="As few points as a line needs to pass within so many metres of all of them."),
    ] = None
    fields: Annotated[
        list[Field] | None,
        Meta(description=f"Which fields, with commas between. Default: {','.join(queries.TRACK_FIELDS)}."),
    ] = None


@bp.get("/telemetry/<int:vehicle_id>/track")
@operation(query=TrackQuery, answers={200: Track})
def get_track(vehicle_id: int, query: TrackQuery) -> Response:
    """The points of a range in columns, whole or simplified; `next_from` says where to go on when they did not fit."""
    asked = range_of(query, vehicle_id)
    track = queries.read_track(
        read(),
        viewer=actor(),
        vehicle_id=vehicle_id,
        since=asked.since,
        until=asked.until,
        most=query.most,
        fields=_known(query.fields),
        tolerance_m=query.tolerance_m,
    )
    body = {
        "vehicle_id": vehicle_id,
        "from": asked.since,
        "to": asked.until,
        "tolerance_m": query.tolerance_m,
        "read_count": track.read_count,
        "count": track.count,
        "next_from": track.next_from,
        "columns": track.columns,
    }
    # The columns are text that the database wrote, which orjson takes as it is.
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), mimetype="application/json")


def _known(asked: list[str] | None) -> tuple[str, ...]:
    if asked is None:
        return queries.TRACK_FIELDS
    unknown = [name for name in asked if name not in FIELDS]
    if unknown or not asked:
        wrong = unknown[0][:40] if unknown else ""
        raise Invalid(
            f"fields: points have no {wrong!r}. Choose from {', '.join(sorted(FIELDS))}.",
            fields={"fields": f"No {wrong!r}."},
        )
    return tuple(dict.fromkeys(asked))
