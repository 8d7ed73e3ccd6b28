"""How reading keeps its pace as the history grows: 500 vehicles that reported every 5 s, for one day up to a week.

    .venv/bin/python -m infra.bench.history [--days 7]

Fills a PostgreSQL of its own, in the real schema and in the order in which points would have come, and measures after
the first day, the third and the last. Each query stands beside its yardstick: the bare statement with psycopg,
prepared and in binary, on the same data at the same time. Prints a line of JSON for each size and adds it to
$ERP_HOME/bench/history.jsonl. A week is 60 million rows: 11 GB of disk, and a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg

from core import clock, partitions
from core import config as configuration
from core.config import Retention
from core.db import Database, Reader, driver
from core.permissions import ADMIN, Actor
from core.telemetry import queries
from core.telemetry.models import MEASURED
from core.telemetry.queries.points import POINT_COLUMNS
from core.telemetry.queries.states import STATE_COLUMNS
from core.vehicles import service as vehicles
from infra.errors import CannotStart
from infra.migrate import migrate
from infra.postgres import Server
from tasks.storage import keep_storage

VEHICLES = 500
EVERY_S = 5
MEASURED_AFTER_DAYS = (1, 3, 7)
ROUNDS = 60
GOAL_LATEST_MS, GOAL_TRACK_MS, GOAL_GROWTH = 20.0, 50.0, 1.2
BYTES_A_DAY = 1.7e9

ACTOR = Actor("system", None, "measurement", roles=frozenset({ADMIN}), parks=None)
DAY = timedelta(days=1)

_VEHICLES = f"""
    INSERT INTO vehicles_vehicles (park_id, vin, name, model, status, created_at)
    SELECT %s, 'WBENCH0000' || lpad(n::text, 7, '0'), 'Bench ' || n, 'Bench', 'available', %s
    FROM generate_series(1, {VEHICLES}) n
"""  # noqa: S608 - a number of ours
# Points as they come: moment after moment, each of all vehicles, so that those of one vehicle lie far apart.
_POINTS = f"""
    INSERT INTO telemetry_points (vehicle_id, ts, received_at, lat, lon, altitude_m, speed_kmh, course_deg, satellites,
                                  hdop, ignition, odometer_m, fuel_pct, rpm, engine_temp_c, voltage_v)
    SELECT v.id, t, t + INTERVAL '1 s', 37.6 + (v.id %% 100) * 0.002 + s / 1e6, -122.5 + (v.id %% 70) * 0.003 + s / 1e6,
           12 + v.id %% 90, (s + v.id) %% 90, (s + v.id) %% 360, 9 + v.id %% 5, 0.8, true, 40000000 + v.id * 1000 + s,
           20 + (s / 100 + v.id) %% 80, 900 + (s * 7 + v.id) %% 2500, 88, 13.8
    FROM generate_series(%s::timestamptz, %s::timestamptz, INTERVAL '{EVERY_S} s') t,
         LATERAL (SELECT (extract(epoch FROM t)::bigint %% 86400)::int AS s) AS moment,
         LATERAL (SELECT id FROM vehicles_vehicles ORDER BY id OFFSET 0) AS v
"""  # noqa: S608 - numbers of ours
_STATES = f"""
    INSERT INTO telemetry_states (vehicle_id, ts, received_at, {", ".join(MEASURED)}, fix_ts)
    SELECT v.id, p.ts, p.received_at, {", ".join(f"p.{name}" for name in MEASURED)}, p.ts
    FROM vehicles_vehicles v
    CROSS JOIN LATERAL (SELECT * FROM telemetry_points WHERE vehicle_id = v.id ORDER BY ts DESC LIMIT 1) p
"""  # noqa: S608 - names of ours
_SIZES = """
    SELECT sum(pg_table_size(inhrelid))::bigint, sum(pg_indexes_size(inhrelid))::bigint
    FROM pg_inherits WHERE inhparent = 'telemetry_points'::regclass
"""
TRACK_COLUMNS = ("ts", "lat", "lon", "altitude_m", "speed_kmh", "course_deg", "ignition")
_TRACK = (
    f"SELECT {', '.join(TRACK_COLUMNS)} FROM telemetry_points "  # noqa: S608 - names of ours
    "WHERE vehicle_id = %s AND ts >= %s AND ts < %s ORDER BY ts"
)
_LAST = (
    f"SELECT {', '.join(POINT_COLUMNS)} FROM telemetry_points "  # noqa: S608 - names of ours
    "WHERE vehicle_id = %s ORDER BY ts DESC LIMIT 10"
)
_LATEST = f"SELECT {', '.join(STATE_COLUMNS)} FROM telemetry_states WHERE ts IS NOT NULL"  # noqa: S608 - names of ours

Bare = psycopg.Connection[Any]


@dataclass(frozen=True)
class Question:
    """A query as the product asks it, and bare: each given a vehicle, each returning how many rows it read."""

    name: str
    ask: Callable[[Reader, int], int]
    ask_bare: Callable[[Bare, int], int]


def main() -> None:
    """Fill and measure; exit status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--days", type=int, default=MEASURED_AFTER_DAYS[-1], choices=range(1, 8))
    days = parser.parse_args().days
    try:
        results = list(_measure_growth(days))
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    missed = _find_missed(results)
    for goal in missed:
        print(f"missed: {goal}", file=sys.stderr)
    sys.exit(1 if missed else 0)


def _measure_growth(days: int) -> Iterator[dict[str, Any]]:
    end = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with _filled_database(end) as database, psycopg.connect(database.dsn, autocommit=True) as filling:
        loaded_s = 0.0
        for number in range(days):
            began = time.monotonic()
            _fill_day(filling, end - (number + 1) * DAY)
            loaded_s += time.monotonic() - began
            if number == 0:
                filling.execute(_STATES)
                filling.execute("VACUUM ANALYZE telemetry_states")
            if number + 1 in MEASURED_AFTER_DAYS or number + 1 == days:
                yield _record(database, filling, days=number + 1, end=end, loaded_s=loaded_s)


@contextmanager
def _filled_database(end: datetime) -> Iterator[Database]:
    """A database with the real schema and the vehicles, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="erp-bench-"))
    folder.chmod(0o755)  # as root the database runs as somebody else, who must get in
    if shutil.disk_usage(folder).free < 2 * BYTES_A_DAY * MEASURED_AFTER_DAYS[-1]:
        shutil.rmtree(folder)
        raise CannotStart(f"There is not enough room in {folder.parent} for the history. Set TMPDIR to another disk.")
    server = Server(folder / "postgres", _free_port(), throwaway=True)
    try:
        dsn = server.start()
        migrate(dsn)
        database = Database(dsn)
        keep_storage(database, at=end, retention=Retention())
        with database.transaction() as session:
            park_id = vehicles.add_park(session, actor=ACTOR, at=end, name="Bench", time_zone="UTC", currency="USD")
            driver(session.connection()).execute(_VEHICLES, [park_id, end])
        yield database
        database.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _fill_day(filling: Bare, day: datetime) -> None:
    """A day of points, hour by hour, and what autovacuum would have done to it."""
    for hour in range(24):
        since = day + timedelta(hours=hour)
        filling.execute(_POINTS, [since, since + timedelta(seconds=3600 - EVERY_S)])
    filling.execute(f"VACUUM ANALYZE telemetry_points_p{day:%Y%m%d}")


def _record(database: Database, filling: Bare, *, days: int, end: datetime, loaded_s: float) -> dict[str, Any]:
    rows = days * VEHICLES * int(DAY.total_seconds()) // EVERY_S
    heap, index = filling.execute(_SIZES).fetchone() or (0, 0)
    result: dict[str, Any] = {
        "measured": "history",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "vehicles": VEHICLES,
        "days": days,
        "rows": rows,
        "loaded_s": round(loaded_s, 1),
        "rows_per_s": round(rows / loaded_s),
        "mb_per_million_rows": {"data": round(heap / rows, 1), "with_index": round((heap + index) / rows, 1)},
        "partitions_ahead": partitions.DAYS_AHEAD,
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }
    with database.reading() as reader, psycopg.connect(database.dsn, autocommit=True) as bare:
        bare.prepare_threshold = 0
        for question in _questions(end - DAY, end):
            result[question.name] = _compare(question, reader, bare)
    line = orjson.dumps(result).decode()
    print(line, flush=True)
    folder = configuration.current().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "history.jsonl").open("a") as file:
        file.write(f"{line}\n")
    return result


def _questions(since: datetime, until: datetime) -> Sequence[Question]:
    return (
        Question(
            "latest_of_all",
            lambda reader, _: len(queries.list_states(reader, viewer=ACTOR)),
            lambda bare, _: len(bare.execute(_LATEST, binary=True).fetchall()),
        ),
        Question(
            "last_10",
            lambda reader, vehicle_id: len(
                queries.list_last_points(reader, viewer=ACTOR, vehicle_id=vehicle_id, most=10)
            ),
            lambda bare, vehicle_id: len(bare.execute(_LAST, [vehicle_id], binary=True).fetchall()),
        ),
        Question(
            "day_track",
            lambda reader, vehicle_id: _ask_for_track(reader, vehicle_id, since, until),
            lambda bare, vehicle_id: len(bare.execute(_TRACK, [vehicle_id, since, until], binary=True).fetchall()),
        ),
    )


def _ask_for_track(reader: Reader, vehicle_id: int, since: datetime, until: datetime) -> int:
    """The track of a day, through the product's own connection."""
    return len(driver(reader).execute(_TRACK, [vehicle_id, since, until]).fetchall())


def _compare(question: Question, reader: Reader, bare: Bare) -> dict[str, Any]:
    """Both ways by turns, for vehicles by chance; the first rounds only warm up."""
    chance = random.Random(question.name)  # noqa: S311 - to be the same each time
    ours: list[float] = []
    theirs: list[float] = []
    rows = 0
    for number in range(ROUNDS + 5):
        vehicle_id = chance.randint(1, VEHICLES)
        # The one that goes first finds colder pages: they take turns at that too.
        for is_ours in (True, False) if number % 2 else (False, True):
            began = time.perf_counter()
            rows = question.ask(reader, vehicle_id) if is_ours else question.ask_bare(bare, vehicle_id)
            (ours if is_ours else theirs).append((time.perf_counter() - began) * 1000)
    return {"rows": rows, "ms": _spread(ours[5:]), "bare_ms": _spread(theirs[5:])}


def _spread(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": round(statistics.median(ordered), 2), "p95": round(ordered[int(len(ordered) * 0.95)], 2)}


def _find_missed(results: Sequence[dict[str, Any]]) -> list[str]:
    first, last = results[0], results[-1]
    goals = {
        f"latest of all in {GOAL_LATEST_MS:g} ms": last["latest_of_all"]["ms"]["p50"] <= GOAL_LATEST_MS,
        f"the track of a day in {GOAL_TRACK_MS:g} ms": last["day_track"]["ms"]["p50"] <= GOAL_TRACK_MS,
        f"the last 10 within {GOAL_GROWTH:g} times those of one day": last["last_10"]["ms"]["p50"]
        <= GOAL_GROWTH * first["last_10"]["ms"]["p50"],
    }
    return [goal for goal, is_met in goals.items() if not is_met]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    main()
