"""Comma-separated values (RFC 4180), as spreadsheets and programs both read them.

Every moment stands twice: in UTC, which sorts, and by the clock of the park with its offset, which people know. A text
that a spreadsheet would take for a formula is made a text by an apostrophe; numbers are left alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from core.telemetry import queries
from portals.security import as_cell
from portals.telemetry_files.pieces import Source

_TRIP = (
    *("start_lat", "start_lon", "end_lat", "end_lon", "distance_m", "moving_s", "idle_s", "mean_speed_kmh"),
    *("max_speed_kmh", "point_count", "start_odometer_m", "end_odometer_m", "fuel_l"),
)
_STOP = ("lat", "lon", "idle_s", "point_count")
_PERIOD = (
    *("point_count", "distance_m", "moving_s", "idle_s", "engine_s", "fuel_l", "mean_speed_kmh", "max_speed_kmh"),
    "dtc_count",
)


def write_points(source: Source) -> Iterator[str]:
    """All points of a range, one a line."""
    yield _line(["time_utc", "time_park", "received_utc", *queries.POINT_COLUMNS[2:]])
    zone = source.zone
    for rows in source.points():
        yield _lines([*_moment(ts, zone), utc(received_at), *map(_cell, rest)] for ts, received_at, *rest in rows)


def write_trips(source: Source, *, withdrawn: bool = False) -> Iterator[str]:
    """All trips that touch a range, one a line."""
    rows = source.rows(queries.list_trips, moment="started_at", withdrawn=withdrawn)
    return _intervals(rows, _TRIP, source.zone)


def write_stops(source: Source, *, withdrawn: bool = False) -> Iterator[str]:
    """All stops that touch a range, one a line."""
    rows = source.rows(queries.list_stops, moment="started_at", withdrawn=withdrawn)
    return _intervals(rows, _STOP, source.zone)


def write_periods(source: Source, *, width: str) -> Iterator[str]:
    """All periods of a width that begin in a range, one a line."""
    yield _line(["start_utc", "start_park", "end_utc", "end_park", *_PERIOD])
    zone = source.zone
    for rows in source.rows(queries.list_periods, moment="start", width=width):
        yield _lines([*_moment(row["start"], zone), *_moment(row["end"], zone), *_cells(row, _PERIOD)] for row in rows)


def _intervals(pieces: Iterator[list[dict[str, Any]]], columns: Sequence[str], zone: ZoneInfo) -> Iterator[str]:
    yield _line(["started_utc", "started_park", "ended_utc", "ended_park", *columns, "changed_utc", "withdrawn_utc"])
    for rows in pieces:
        yield _lines(
            [
                *_moment(row["started_at"], zone),
                *_moment(row["ended_at"], zone),
                *_cells(row, columns),
                utc(row["changed_at"]),
                utc(row["withdrawn_at"]),
            ]
            for row in rows
        )


def utc(moment: datetime | None) -> str:
    """A moment in UTC, to the millisecond: 2026-11-24T08:00:00.000Z; nothing for none."""
    return (
        "" if moment is None else f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    )


def _moment(moment: datetime | None, zone: ZoneInfo) -> tuple[str, str]:
    if moment is None:
        return "", ""
    return utc(moment), moment.astimezone(zone).isoformat(timespec="milliseconds")


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> Iterator[str]:
    return (_cell(row[name]) for name in columns)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list():
            return as_cell(" ".join(map(str, value)))
        case dict():
            return orjson.dumps(value).decode()
        case _:
            return as_cell(str(value))


def _line(cells: Iterable[str]) -> str:
    return _lines([cells])


def _lines(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
