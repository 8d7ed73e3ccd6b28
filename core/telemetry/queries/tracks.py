"""The way a vehicle went, in columns: a day of it is 17,280 points, and no Python object is made of any.

PostgreSQL writes each column as a JSON array, which goes into the answer as it is. Measured against fetching the same
rows: docs/decisions/0012-reading-tracks.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core.db import Reader, driver
from core.permissions import Actor
from core.telemetry.models import MEASURED
from core.telemetry.queries.subjects import get_subject
from core.telemetry.rules.simplify import simplify

TRACK_FIELDS = ("lat", "lon", "altitude_m", "speed_kmh", "course_deg", "ignition")
_LINE = ("lat", "lon", "speed_kmh")


@dataclass(frozen=True, slots=True)
class Track:
    """A stretch of a vehicle's way.

    `columns` holds `ts_ms` (Unix milliseconds) and one array for each field, all of one length and in the order of
    time; their values are JSON for orjson. `read_count` points were looked at, `count` are in the columns. `next_from`
    is the moment of the first point that did not fit, or None when all of the range is there.
    """

    columns: dict[str, Any]
    count: int
    read_count: int
    next_from: datetime | None


def read_track(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int,
    since: datetime,
    until: datetime,
    most: int,
    fields: Sequence[str] = TRACK_FIELDS,
    tolerance_m: float | None = None,
) -> Track:
    """The points from `since` to before `until`, the first `most` of them. Needs telemetry:read.

    With a tolerance only those with a place, and of them as few as the line needs to pass within it (rules.simplify).
    Raises KeyError for a field that points do not have.
    """
    get_subject(reader, viewer=viewer, vehicle_id=vehicle_id)
    wanted = list(fields) if tolerance_m is None else [*fields, *(name for name in _LINE if name not in fields)]
    read_count, last, *arrays = _read_columns(reader, wanted, vehicle_id, since, until, most)
    next_from = _find_next(reader, vehicle_id, last, until) if read_count == most else None
    names = ("ts_ms", *wanted)
    if tolerance_m is not None and read_count:
        columns = _simplify(dict(zip(names, map(orjson.loads, arrays), strict=True)), tolerance_m)
        kept = {name: columns[name] for name in ("ts_ms", *fields)}
        return Track(kept, len(kept["ts_ms"]), read_count, next_from)
    written = {name: orjson.Fragment(text or "[]") for name, text in zip(names, arrays, strict=True)}
    return Track({name: written[name] for name in ("ts_ms", *fields)}, read_count, read_count, next_from)


def _read_columns(
    reader: Reader, fields: Sequence[str], vehicle_id: int, since: datetime, until: datetime, most: int
) -> tuple[Any, ...]:
    unknown = set(fields) - set(MEASURED)
    if unknown:
        raise KeyError(*unknown)
    listed = "".join(f", {name}" for name in fields)
    arrays = "".join(f", json_agg({name})::text" for name in fields)
    row: tuple[Any, ...] | None = (
        driver(reader)
        .execute(
            f"""
            SELECT count(*), max(ts), json_agg((date_part('epoch', ts) * 1000)::int8)::text{arrays}
            FROM (
                SELECT ts{listed} FROM telemetry_points
                WHERE vehicle_id = %s AND ts >= %s AND ts < %s ORDER BY ts LIMIT %s
            ) p
            """,  # noqa: S608 - names of our columns, checked above
            (vehicle_id, since, until, most),
        )
        .fetchone()
    )
    assert row is not None
    return row


def _find_next(reader: Reader, vehicle_id: int, last: datetime, until: datetime) -> datetime | None:
    query = "SELECT ts FROM telemetry_points WHERE vehicle_id = %s AND ts > %s AND ts < %s ORDER BY ts LIMIT 1"
    row = driver(reader).execute(query, (vehicle_id, last, until)).fetchone()
    return None if row is None else row[0]


def _simplify(columns: dict[str, list[Any]], tolerance_m: float) -> dict[str, list[Any]]:
    lats, lons = columns["lat"], columns["lon"]
    placed = [index for index, lat in enumerate(lats) if lat is not None and lons[index] is not None]
    if len(placed) < len(lats):
        columns = {name: [values[index] for index in placed] for name, values in columns.items()}
    kept = simplify(columns["ts_ms"], columns["lat"], columns["lon"], columns["speed_kmh"], tolerance_m=tolerance_m)
    return {name: [values[index] for index in kept] for name, values in columns.items()}
