"""How many points a second come in by HTTP, beside a bare COPY into the same table in the same run.

`python -m infra.bench.ingest`: one JSON line to var/bench/ingest.jsonl and to standard output.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any

import msgspec
import psycopg

from core import clock
from core.db import column_types
from core.telemetry.models import points
from infra.bench.result import record
from infra.bench.stand import Stand, standing

PORT = 18_400
BATCH = 1_000
CLIENTS = 10
EVERY_S = 5

Batch = list[dict[str, Any]]


def main() -> None:
    """Measure in rounds, the yardstick before each, and write down the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=120_000, help="of each round and kind")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with standing("web", port=PORT) as stand:
        record("ingest", _measure(stand, options.points // BATCH, options.rounds))


def _measure(stand: Stand, batches: int, rounds: int) -> dict[str, Any]:
    start = clock.now() - timedelta(days=2)
    token = stand.token()
    found: dict[str, list[float]] = {name: [] for name in ("copy_1", "copy_2", "backlog", "fleet")}
    answers: list[float] = []
    for number in range(rounds):
        base = start + timedelta(hours=4 * number)
        found["copy_1"].append(_copy(stand, base, batches, processes=1))
        found["copy_2"].append(_copy(stand, base + timedelta(hours=1), batches, processes=2))
        found["backlog"].append(_post(stand, token, _backlog(stand, base, batches), answers))
        found["fleet"].append(_post(stand, token, _fleet(stand, base + timedelta(hours=2), batches), answers))
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    answers.sort()
    return {
        "batch": BATCH,
        "points_per_s": {name: round(rate) for name, rate in medians.items()},
        "to_copy_by_one": {name: round(medians[name] / medians["copy_1"], 2) for name in ("backlog", "fleet")},
        "to_copy_by_two": {name: round(medians[name] / medians["copy_2"], 2) for name in ("backlog", "fleet")},
        "answer_ms": {f"p{q}": round(answers[len(answers) * q // 100] * 1000) for q in (50, 95, 99)},
        "rounds": {name: [round(rate) for rate in rates] for name, rates in found.items()},
    }


def _backlog(stand: Stand, base: datetime, batches: int) -> list[list[Batch]]:
    """What trackers have to say after an outage: batches of ten vehicles, a hundred points of each."""
    share = len(stand.vehicle_ids) // CLIENTS // 10 * 10
    return [
        [
            list(_points(stand.vehicle_ids[first + n * 10 % share :][:10], base, n * 10 // share))
            for n in range(batches // CLIENTS)
        ]
        for first in range(0, share * CLIENTS, share)
    ]


def _fleet(stand: Stand, base: datetime, batches: int) -> list[list[Batch]]:
    """What a whole fleet says all the time: each client has a share of it, and sends its next points in order."""
    share = BATCH // (BATCH * CLIENTS // len(stand.vehicle_ids))
    return [
        [list(_points(stand.vehicle_ids[first : first + share], base, n)) for n in range(batches // CLIENTS)]
        for first in range(0, share * CLIENTS, share)
    ]


def _points(vehicle_ids: Sequence[int], base: datetime, number: int) -> Iterator[dict[str, Any]]:
    """One batch: each vehicle's next points, five seconds apart."""
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


def _post(stand: Stand, token: str, work: Sequence[Sequence[Batch]], answers: list[float]) -> float:
    """Points a second by several clients at once, each with batches of its own vehicles, one after the other."""
    bodies = [[msgspec.json.encode({"points": batch}) for batch in batches] for batches in work]

    def send(own: Sequence[bytes]) -> None:
        link = http.client.HTTPConnection("127.0.0.1", stand.config.port)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for body in own:
            began = time.perf_counter()
            link.request("POST", "/api/v1/telemetry", body, headers)
            answer = link.getresponse()
            report = msgspec.json.decode(answer.read())
            answers.append(time.perf_counter() - began)
            if answer.status != http.client.OK or report["stored"] != report["received"]:
                raise RuntimeError(f"A batch was not stored whole: {answer.status} {report}")

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        for sent in [clients.submit(send, own) for own in bodies]:
            sent.result()
    return sum(len(batch) for batches in work for batch in batches) / (time.perf_counter() - began)


def _copy(stand: Stand, base: datetime, batches: int, *, processes: int) -> float:
    """The yardstick: points a second by COPY in binary into the very table, a commit each batch, unique key included.

    The vehicles are none of the registry, so that nothing here meets what is posted.
    """
    share = batches // processes
    with get_context("spawn").Pool(processes) as pool:
        shares = [(stand.dsn, base, share, 1_000_000 * processes + 10_000 * n) for n in range(processes)]
        return share * processes * BATCH / max(pool.starmap(copy_batches, shares))


def _ten(first: int) -> range:
    return range(first, first + 10)


def copy_batches(dsn: str, base: datetime, batches: int, first_vehicle: int) -> float:
    """Copy that many batches; returns the seconds it took. In a process of its own."""
    rows = [
        [(*point.values(), base) for point in _points(_ten(first_vehicle + n % 50 * 10), base, n // 50)]
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


_COPIED = (
    *("vehicle_id", "ts", "lat", "lon", "altitude_m", "speed_kmh", "course_deg", "satellites", "hdop"),
    *("ignition", "odometer_m", "fuel_pct", "rpm", "voltage_v", "received_at"),
)


if __name__ == "__main__":
    main()
