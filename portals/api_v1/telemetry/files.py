"""Telemetry as files."""

from __future__ import annotations

from functools import partial

from flask import Response

from portals import ranges
from portals import telemetry_files as files
from portals.api_v1 import bp
from portals.api_v1.telemetry.periods import LONGEST, asked_width


@bp.get("/telemetry/<int:vehicle_id>/track.csv")
def get_track_csv(vehicle_id: int) -> Response:
    """Every point of a range."""
    return files.send(vehicle_id, ranges.asked_range(), files.write_points, what="track", kind="csv")


@bp.get("/telemetry/<int:vehicle_id>/track.gpx")
def get_track_gpx(vehicle_id: int) -> Response:
    """Every point of a range that has a place, as GPX 1.1."""
    return files.send(vehicle_id, ranges.asked_range(), files.write_gpx, what="track", kind="gpx")


@bp.get("/telemetry/<int:vehicle_id>/trips.csv")
def get_trips_csv(vehicle_id: int) -> Response:
    """Every trip that touches a range."""
    write = partial(files.write_trips, withdrawn=ranges.asked_yes("withdrawn"))
    return files.send(vehicle_id, ranges.asked_range(), write, what="trips", kind="csv")


@bp.get("/telemetry/<int:vehicle_id>/stops.csv")
def get_stops_csv(vehicle_id: int) -> Response:
    """Every stop that touches a range."""
    write = partial(files.write_stops, withdrawn=ranges.asked_yes("withdrawn"))
    return files.send(vehicle_id, ranges.asked_range(), write, what="stops", kind="csv")


@bp.get("/telemetry/<int:vehicle_id>/periods.csv")
def get_periods_csv(vehicle_id: int) -> Response:
    """Every period of a width that begins in a range."""
    width = asked_width()
    write = partial(files.write_periods, width=width)
    return files.send(vehicle_id, ranges.asked_range(longest=LONGEST), write, what=f"periods-{width}", kind="csv")
