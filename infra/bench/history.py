"""How reading keeps its pace as the history grows: 500 vehicles that reported every 5 s, for one day up to a week.

    .venv/bin/python -m infra.bench.history [--days 7] [--rounds 60]

Fills a database of its own, in the real schema and about in the order in which points would have come, and measures
after the first day, the third and the last: a line of JSON for each. Each query stands beside its yardstick: the bare
statement with psycopg, prepared and in binary, on the same data, connection and seconds. A week is 60 million rows and
11 GB of disk.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from core import clock
from core.db import Database
from core.telemetry.models import MEASURED
from infra.bench.questions import WARM_UP, common_questions, compare
from infra.bench.result import record
from infra.bench.stand import Stand, standing
from infra.errors import CannotStart

EVERY_S = 5
MEASURED_AFTER_DAYS = (1, 3, 7)
FILLERS = 3
GOAL_LATEST_MS, GOAL_TRACK_MS, GOAL_GROWTH = 20.0, 50.0, 1.2
BYTES_A_DAY = 1.7e9

DAY = timedelta(days=1)

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
"""  # noqa: S608 - a number of ours
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


def main() -> None:
    """Fill and measure; exit status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--days", type=int, default=MEASURED_AFTER_DAYS[-1], choices=range(1, 8))
    parser.add_argument("--rounds", type=int, default=60, help="of each question")
    options = parser.parse_args()
    try:
        _require_room(options.days)
        with standing() as stand:
            results = list(_measure_growth(stand, options.days, options.rounds))
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    for goal in (missed := _find_missed(results)):
        print(f"missed: {goal}", file=sys.stderr)
    sys.exit(1 if missed else 0)


def _require_room(days: int) -> None:
    folder = tempfile.gettempdir()
    if shutil.disk_usage(folder).free < 2 * BYTES_A_DAY * days:
        raise CannotStart(f"There is not enough room in {folder} for the history. Set TMPDIR to another disk.")


def _measure_growth(stand: Stand, days: int, rounds: int) -> Iterator[dict[str, Any]]:
    end = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    filled_s = 0.0
    for number in range(days):
        began = time.monotonic()
        _fill_day(stand, end - (number + 1) * DAY)
        filled_s += time.monotonic() - began
        if number == 0:
            with stand.connect() as connection:
                connection.execute(_STATES)
        if number + 1 in MEASURED_AFTER_DAYS or number + 1 == days:
            figures = _measure(stand, days=number + 1, end=end, filled_s=filled_s, rounds=rounds)
            record("history", figures)
            yield figures


def _fill_day(stand: Stand, day: datetime) -> None:
    """A day of points, a few hours at a time."""
    with ThreadPoolExecutor(FILLERS) as fillers:
        for filled in [fillers.submit(_fill_hour, stand, day + timedelta(hours=hour)) for hour in range(24)]:
            filled.result()


def _fill_hour(stand: Stand, since: datetime) -> None:
    with psycopg.connect(stand.dsn, autocommit=True, options="-c synchronous_commit=off") as connection:
        connection.execute(_POINTS, (since, since + timedelta(seconds=3600 - EVERY_S)))


def _measure(stand: Stand, *, days: int, end: datetime, filled_s: float, rounds: int) -> dict[str, Any]:
    rows = days * len(stand.vehicle_ids) * int(DAY.total_seconds()) // EVERY_S
    with stand.connect() as connection:
        # What autovacuum would have done.
        connection.execute("VACUUM ANALYZE telemetry_points, telemetry_states")
        sizes = connection.execute(_SIZES).fetchone() or (0, 0)
    stand.settle()
    heap, index = (int(str(size)) for size in sizes)
    figures: dict[str, Any] = {
        "vehicles": len(stand.vehicle_ids),
        "days": days,
        "rows": rows,
        "filled_per_s": round(rows / filled_s),
        "mb_per_million_rows": {"data": round(heap / rows, 1), "with_index": round((heap + index) / rows, 1)},
    }
    database = Database(stand.dsn)
    with database.reading() as reader:
        for question in common_questions(reader, end - DAY, end):
            chance = random.Random(question.name)  # noqa: S311 - the same vehicles each time
            figures[question.name] = compare(question, chance.choices(stand.vehicle_ids, k=rounds + WARM_UP))
    database.close()
    return figures


def _find_missed(results: list[dict[str, Any]]) -> list[str]:
    first, last = results[0], results[-1]
    goals = {
        f"latest of all in {GOAL_LATEST_MS:g} ms": last["latest_of_all"]["ms"]["p50"] <= GOAL_LATEST_MS,
        f"the track of a day in {GOAL_TRACK_MS:g} ms": last["day_track"]["ms"]["p50"] <= GOAL_TRACK_MS,
        f"the last 10 within {GOAL_GROWTH:g} times those of one day": last["last_10"]["ms"]["p50"]
        <= GOAL_GROWTH * first["last_10"]["ms"]["p50"],
    }
    return [goal for goal, is_met in goals.items() if not is_met]


if __name__ == "__main__":
    main()
