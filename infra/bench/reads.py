"""How long telemetry takes to read: a day of one vehicle, the states of a fleet, the last points after a week.

`python -m infra.bench.reads` on a quiet machine. Each figure stands beside the bare query in the same run, because a
figure from another machine says nothing. Takes about half a minute and leaves nothing behind.
"""

from __future__ import annotations

import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from core.config import Retention
from core.db import Database, Reader, driver
from core.permissions import ADMIN, Actor
from core.telemetry import queries
from core.vehicles import service as vehicles
from infra.migrate import migrate
from infra.postgres import Server
from tasks.storage import keep_storage

VEHICLES = 500
DAYS = 7
A_DAY = 17_280
ROUNDS = 15
ROOT = Actor("system", None, "Benchmark", roles=frozenset({ADMIN}), parks=None)
_WAY = """
    INSERT INTO telemetry_points (vehicle_id, ts, received_at, lat, lon, altitude_m, speed_kmh, course_deg, satellites,
        hdop, ignition, odometer_m, fuel_pct, voltage_v, outputs, relay_on)
    SELECT 1, t, t, round((37.75 + 0.05 * sin(n / 300.0))::numeric, 6),
        round((-122.45 + 0.05 * cos(n / 411.0))::numeric, 6), 12.5, round((40 + 30 * sin(n / 40.0))::numeric, 1),
        mod(n, 360), 11, 0.9, true, 1000000 + n * 50, 55.5, 13.9, 0, false
    FROM generate_series(0, %s) n, LATERAL (SELECT %s::timestamptz + n * interval '5 s' AS t) m
"""
_STATES = """
    INSERT INTO telemetry_states (vehicle_id, ts, received_at, arrived_at, lat, lon, speed_kmh, ignition, fix_ts)
    SELECT id, now(), now(), now(), 37.75, -122.45, 40.5, true, now() FROM vehicles_vehicles
"""
_BARE = """
    SELECT ts, lat, lon, altitude_m, speed_kmh, course_deg, ignition FROM telemetry_points
    WHERE vehicle_id = 1 AND ts >= %s AND ts < %s ORDER BY ts
"""


def main() -> None:
    """Make the data, measure, print."""
    with tempfile.TemporaryDirectory() as home:
        server = Server(Path(home) / "postgres", _free_port(), throwaway=True)
        dsn = server.start()
        try:
            migrate(dsn)
            database = Database(dsn)
            _measure(database, _fill(database))
            database.close()
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _fill(database: Database) -> datetime:
    """A week of one vehicle, 5 s apart, and the states of a fleet; returns when the last whole day began."""
    at = datetime.now(UTC)
    start = at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    keep_storage(database, at=at, retention=Retention(raw_days=DAYS))
    with database.transaction() as session:
        vehicles.add_park(session, actor=ROOT, at=at, name="Bench", time_zone="America/Los_Angeles", currency="USD")
        raw = driver(session.connection())
        raw.execute(
            "INSERT INTO vehicles_vehicles (park_id, vin, name, model, status, created_at) "
            "SELECT 1, 'BENCH' || lpad(n::text, 12, '0'), 'Car ' || n, 'Bench', 'available', now() "
            "FROM generate_series(1, %s) n",
            (VEHICLES,),
        )
        raw.execute(_WAY, (A_DAY * DAYS - 1, start))
        raw.execute(_STATES)
    with database.listen("bench") as raw:
        raw.execute("VACUUM ANALYZE")
    return start + timedelta(days=DAYS - 1)


def _measure(database: Database, day: datetime) -> None:
    until = day + timedelta(days=1)
    with database.reading() as reader:

        def track(**more: Any) -> bytes:
            read = queries.read_track(reader, viewer=ROOT, vehicle_id=1, since=day, until=until, most=50_000, **more)
            return orjson.dumps(read.columns)

        _report("bare query of a day, fetched", lambda: driver(reader).execute(_BARE, (day, until)).fetchall())
        _report("bare query of a day, fetched in binary", lambda: _fetch_binary(reader, day, until))
        _report("a day in columns, encoded", track)
        for tolerance_m in (2.0, 10.0):
            _report(f"a day within {tolerance_m:.0f} m, encoded", partial(track, tolerance_m=tolerance_m))
        _report(
            f"states of {VEHICLES} vehicles, encoded",
            lambda: orjson.dumps(queries.list_states_by_id(reader, viewer=ROOT)),
        )
        _report(
            "last 10 points after a week",
            lambda: queries.list_last_points(reader, viewer=ROOT, vehicle_id=1, most=10),
        )


def _fetch_binary(reader: Reader, day: datetime, until: datetime) -> list[Any]:
    with driver(reader).cursor(binary=True) as cursor:
        return cursor.execute(_BARE, (day, until)).fetchall()


def _report(what: str, ask: Callable[[], Any]) -> None:
    took: list[float] = []
    size = 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = ask()
        took.append((time.perf_counter() - began) * 1000)
        size = len(answer)
    print(f"{what:<42} median {statistics.median(took):7.1f} ms   best {min(took):7.1f} ms   ({size})")


if __name__ == "__main__":
    main()
