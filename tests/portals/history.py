"""What a vehicle did, as rows: points on their way, trips, stops and periods as if they had been found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from core.db import Database, driver


def keep_points(database: Database, vehicle_id: int, points: Iterable[dict[str, object]]) -> None:
    """Points as they stand in the table; `ts` is needed, all else may be left out."""
    rows = [{"vehicle_id": vehicle_id, "received_at": point["ts"], **point} for point in points]
    _insert(database, "telemetry_points", rows)


def keep_drive(database: Database, vehicle_id: int, start: datetime, count: int, *, every_s: float = 5) -> None:
    """A drive to the east at 10 m/s and a little to and fro: 36 km/h."""
    keep_points(
        database,
        vehicle_id,
        [
            {
                "ts": start + timedelta(seconds=n * every_s),
                "lat": 37.75 + 0.0005 * (n % 7),
                "lon": -122.45 + 0.00001 * n,
                "altitude_m": 12.5,
                "speed_kmh": 36.5,
                "course_deg": 90.0,
                "ignition": True,
            }
            for n in range(count)
        ],
    )


def keep_trip(database: Database, vehicle_id: int, start: datetime, end: datetime | None, **more: object) -> None:
    """A trip of 5 km that moved for 500 s."""
    row = {"distance_m": 5000.0, "moving_s": 500.0, "idle_s": 20.0, "max_speed_kmh": 61.0, "point_count": 104}
    _insert(database, "telemetry_trips", [{**_interval(vehicle_id, start, end), **row, **more}])


def keep_stop(database: Database, vehicle_id: int, start: datetime, end: datetime | None, **more: object) -> None:
    """A stop in the middle of the town."""
    row = {"lat": 37.75, "lon": -122.45, "idle_s": 60.0, "point_count": 12}
    _insert(database, "telemetry_stops", [{**_interval(vehicle_id, start, end), **row, **more}])


def keep_detection(database: Database, vehicle_id: int, kind: str, moment: datetime, **more: object) -> None:
    """Something detected at one moment."""
    row = {"id": uuid4(), "kind": kind, "detail": "{}", "detected_at": moment, "ended_at": moment}
    _insert(database, "events_detections", [{**_interval(vehicle_id, moment, moment), **row, **more}])


def keep_period(database: Database, table: str, vehicle_id: int, start: datetime, **more: object) -> None:
    """A period of 10 km that moved for 1000 s; the partition for it is made when it is not there."""
    row = {"point_count": 720, "distance_m": 10_000.0, "moving_s": 1000.0, "idle_s": 90.0, "dtc_count": 0}
    with database.transaction() as session:
        driver(session.connection()).execute(f"CREATE TABLE IF NOT EXISTS {table}_rest PARTITION OF {table} DEFAULT")
    _insert(database, table, [{"vehicle_id": vehicle_id, "start": start, **row, **more}])


def at_noon(at: datetime, days_ago: int = 1) -> datetime:
    """Noon in UTC some days ago: far from every midnight that matters."""
    return at.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


def _interval(vehicle_id: int, start: datetime, end: datetime | None) -> dict[str, object]:
    return {"vehicle_id": vehicle_id, "started_at": start, "ended_at": end, "changed_at": end or start}


def _insert(database: Database, table: str, rows: list[dict[str, object]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (
        database.transaction() as session,
        driver(session.connection()).cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([row.get(name) for name in names])
