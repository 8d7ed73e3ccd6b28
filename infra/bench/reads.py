"""How long telemetry takes to read: a day of one vehicle, whole and simplified, its last points, the states of a fleet.

    .venv/bin/python -m infra.bench.reads [--rounds 40]

One vehicle has a week behind it; how reading keeps its pace in a fleet's history: infra/bench/history.py. Each figure
stands beside the bare query in the same run, because a figure from another machine says nothing.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from core import clock
from core.db import Database, Reader
from infra.bench.questions import WARM_UP, common_questions, compare, track_question
from infra.bench.result import record
from infra.bench.stand import Stand, standing
from infra.errors import CannotStart

DAYS = 7
A_DAY = 17_280
TOLERANCES_M = (2.0, 10.0)
# A winding way: a straight one would be simplified for nothing.
_WAY = """
    INSERT INTO telemetry_points (vehicle_id, ts, received_at, lat, lon, altitude_m, speed_kmh, course_deg, satellites,
        hdop, ignition, odometer_m, fuel_pct, voltage_v, outputs, relay_on)
    SELECT %s, t, t, round((37.75 + 0.05 * sin(n / 300.0))::numeric, 6),
        round((-122.45 + 0.05 * cos(n / 411.0))::numeric, 6), 12.5, round((40 + 30 * sin(n / 40.0))::numeric, 1),
        mod(n, 360), 11, 0.9, true, 1000000 + n * 50, 55.5, 13.9, 0, false
    FROM generate_series(0, %s) n, LATERAL (SELECT %s::timestamptz + n * interval '5 s' AS t) m
"""
_STATES = """
    INSERT INTO telemetry_states (vehicle_id, ts, received_at, arrived_at, lat, lon, speed_kmh, ignition, fix_ts)
    SELECT id, now(), now(), now(), 37.75, -122.45, 40.5, true, now() FROM vehicles_vehicles
"""


def main() -> None:
    """Make the data, and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    try:
        with standing() as stand:
            day = _fill(stand)
            database = Database(stand.dsn)
            with database.reading() as reader:
                record("reads", _measure(reader, stand, day, rounds))
            database.close()
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")


def _fill(stand: Stand) -> datetime:
    """A week of the first vehicle, 5 s apart, and the states of all; returns when the last whole day began."""
    today = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with stand.connect() as connection:
        connection.execute(_WAY, (stand.vehicle_ids[0], A_DAY * DAYS - 1, today - timedelta(days=DAYS)))
        connection.execute(_STATES)
        connection.execute("VACUUM ANALYZE")
    return today - timedelta(days=1)


def _measure(reader: Reader, stand: Stand, day: datetime, rounds: int) -> dict[str, Any]:
    until = day + timedelta(days=1)
    asked = [
        *common_questions(reader, day, until),
        *(track_question(reader, day, until, tolerance_m) for tolerance_m in TOLERANCES_M),
    ]
    vehicle_ids = [stand.vehicle_ids[0]] * (rounds + WARM_UP)
    return {question.name: compare(question, vehicle_ids) for question in asked}


if __name__ == "__main__":
    main()
