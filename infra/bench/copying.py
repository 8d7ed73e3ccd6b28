"""The yardstick of everything that comes in: bare COPY in binary into the very table, and points worth copying."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any

import psycopg

from core.db import column_types
from core.telemetry.models import points

BATCH = 1_000
EVERY_S = 5
_COPIED = (
    *("vehicle_id", "ts", "lat", "lon", "altitude_m", "speed_kmh", "course_deg", "satellites", "hdop"),
    *("ignition", "odometer_m", "fuel_pct", "rpm", "voltage_v", "received_at"),
)


def copy_rate(dsn: str, base: datetime, batches: int, *, processes: int) -> float:
    """Points a second by COPY, a commit each batch, unique key included; the rows are made beforehand.

    The vehicles are none of the registry, so that nothing here meets what comes in by the product.
    """
    share = batches // processes
    with get_context("spawn").Pool(processes) as pool:
        shares = [(dsn, base, share, 1_000_000 * processes + 10_000 * n) for n in range(processes)]
        return share * processes * BATCH / max(pool.starmap(copy_batches, shares))


def copy_batches(dsn: str, base: datetime, batches: int, first_vehicle: int) -> float:
    """Copy that many batches; returns the seconds it took. In a process of its own."""
    rows = [
        [(*point.values(), base) for point in make_points(_ten(first_vehicle + n % 50 * 10), base, n // 50)]
        for n in range(batches)
    ]
    types = column_types(points, _COPIED)
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        for batch in rows:
            with cursor.copy(f"COPY telemetry_points ({', '.join(_COPIED)}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(types)
                for row in batch:
                    copy.write_row(row)
            connection.commit()
        return time.perf_counter() - began


def make_points(vehicle_ids: Sequence[int], base: datetime, number: int) -> Iterator[dict[str, Any]]:
    """A batch, the first with number 0: each vehicle's next points, EVERY_S apart."""
    each = BATCH // len(vehicle_ids)
    for place, vehicle_id in enumerate(vehicle_ids):
        for step in range(number * each, (number + 1) * each):
            yield {
                "vehicle_id": vehicle_id,
                "ts": base + timedelta(seconds=step * EVERY_S),
                "lat": 37.70 + place * 1e-4 + step * 1e-5,
                "lon": -122.40 - step * 1e-5,
                "altitude_m": 12.0,
                "speed_kmh": 31.5,
                "course_deg": 120.0,
                "satellites": 9,
                "hdop": 0.9,
                "ignition": True,
                "odometer_m": 52_000_000 + step * 40,
                "fuel_pct": 61.5,
                "rpm": 1800.0,
                "voltage_v": 13.9,
            }


def _ten(first: int) -> range:
    return range(first, first + 10)
