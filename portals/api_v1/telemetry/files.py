"""Telemetry as files."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from flask import Response
from msgspec import Meta

from portals import telemetry_files as files
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.api_v1.telemetry.periods import LONGEST, Width
from portals.api_v1.telemetry.spans import Span, range_of

CSV = {200: {"text/csv": None}}
GPX = {200: {"application/gpx+xml": None}}


class FoundFileQuery(Span, frozen=True, kw_only=True):
    """Which trips or stops."""

    withdrawn: Annotated[bool, Meta(description="Also what late points took back.")] = False


class PeriodFileQuery(Span, frozen=True, kw_only=True):
    """Which periods."""

    width: Width


@bp.get("/telemetry/<int:vehicle_id>/track.csv")
@operation(query=Span, answers=CSV)
def get_track_csv(vehicle_id: int, query: Span) -> Response:
    """Every point of a range."""
    return files.send(vehicle_id, range_of(query, vehicle_id), files.write_points, what="track", kind="csv")


@bp.get("/telemetry/<int:vehicle_id>/track.gpx")
@operation(query=Span, answers=GPX)
def get_track_gpx(vehicle_id: int, query: Span) -> Response:
    """Every point of a range that has a place, as GPX 1.1."""
    return files.send(vehicle_id, range_of(query, vehicle_id), files.write_gpx, what="track", kind="gpx")


@bp.get("/telemetry/<int:vehicle_id>/trips.csv")
@operation(query=FoundFileQuery, answers=CSV)
def get_trips_csv(vehicle_id: int, query: FoundFileQuery) -> Response:
    """Every trip that touches a range."""
    write = partial(files.write_trips, withdrawn=query.withdrawn)
    return files.send(vehicle_id, range_of(query, vehicle_id), write, what="trips", kind="csv")


@bp.get("/telemetry/<int:vehicle_id>/stops.csv")
@operation(query=FoundFileQuery, answers=CSV)
def get_stops_csv(vehicle_id: int, query: FoundFileQuery) -> Response:
    """Every stop that touches a range."""
    write = partial(files.write_stops, withdrawn=query.withdrawn)
    return files.send(vehicle_id, range_of(query, vehicle_id), write, what="stops", kind="csv")


@bp.get("/telemetry/<int:vehicle_id>/periods.csv")
@operation(query=PeriodFileQuery, answers=CSV)
def get_periods_csv(vehicle_id: int, query: PeriodFileQuery) -> Response:
    """Every period of a width that begins in a range of at most 366 days. Days are the park's."""
    write = partial(files.write_periods, width=query.width)
    asked = range_of(query, vehicle_id, longest=LONGEST)
    return files.send(vehicle_id, asked, write, what=f"periods-{query.width}", kind="csv")
