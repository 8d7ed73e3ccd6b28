"""What the manners of the API cost: an allowance for each request, a tag for each list, and answers made smaller.

    python -m infra.bench.manners

A day's track of one vehicle (17,280 points) in columns and as CSV, and the states of 500 vehicles, as the API writes
them. Processor time of one core, the best of some rounds. Takes some ten seconds.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import brotli
import orjson
from backports import zstd

from infra.bench.result import record
from portals.meter import Meter, Quota

POINTS = 17_280
VEHICLES = 500
ROUNDS = 7
ASKED = 20_000
BEGUN = datetime(2026, 11, 24, 8, tzinfo=UTC)
CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip-5": lambda body: gzip.compress(body, 5),
    "gzip-6": lambda body: gzip.compress(body, 6),
    "br-4": lambda body: brotli.compress(body, quality=4),
    "br-5": lambda body: brotli.compress(body, quality=5),
    "zstd-3": lambda body: zstd.compress(body, 3),
    "zstd-6": lambda body: zstd.compress(body, 6),
}


def main() -> None:
    """Measure once."""
    bodies = {"track": _track(), "track_csv": _sheet(), "states": _states()}
    for name, body in bodies.items():
        figures: dict[str, Any] = {"body": name, "bytes": len(body), "tag_ms": _best_ms(_tag, body)}
        for coding, pack in CODINGS.items():
            figures[coding] = {"bytes": len(pack(body)), "ms": _best_ms(pack, body)}
        record("manners-coding", figures)
    with tempfile.TemporaryDirectory() as folder:
        record("manners-allowance", {"spend_us": _spend_us(Meter(Path(folder) / "counts"))})


def _tag(body: bytes) -> str:
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()  # as Werkzeug makes it


def _best_ms(work: Callable[[bytes], object], body: bytes) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work(body)
        times.append(time.process_time() - began)
    return round(min(times) * 1000, 2)


def _spend_us(meter: Meter) -> float:
    quota = Quota("requests", 100_000_000)
    times = []
    for _ in range(ROUNDS):
        names = itertools.islice(itertools.cycle(f"client-{n} client-{n}" for n in range(VEHICLES)), ASKED)
        began = time.process_time()
        for name in names:
            meter.spend(name, 1, quota)
        times.append(time.process_time() - began)
    return round(min(times) / ASKED * 1e6, 2)


def _points() -> dict[str, list[Any]]:
    """A winding way, a point every 5 s."""
    ns = range(POINTS)
    return {
        "ts_ms": [int(BEGUN.timestamp() * 1000) + n * 5000 for n in ns],
        "lat": [round(37.75 + 0.05 * math.sin(n / 300), 6) for n in ns],
        "lon": [round(-122.45 + 0.05 * math.cos(n / 411), 6) for n in ns],
        "altitude_m": [12.5] * POINTS,
        "speed_kmh": [round(40 + 30 * math.sin(n / 40), 1) for n in ns],
        "course_deg": [n % 360 for n in ns],
        "ignition": [True] * POINTS,
    }


def _track() -> bytes:
    return orjson.dumps({"vehicle_id": 1, "from": BEGUN, "count": POINTS, "next_from": None, "columns": _points()})


def _sheet() -> bytes:
    columns = _points()
    rows = zip(*(columns[name] for name in ("lat", "lon", "altitude_m", "speed_kmh", "course_deg")), strict=True)
    lines = [
        f"{BEGUN + timedelta(seconds=n * 5):%Y-%m-%dT%H:%M:%S.000Z},{','.join(map(str, row))},11,0.9,true,55.5,13.9"
        for n, row in enumerate(rows)
    ]
    return "\r\n".join(lines).encode()


def _states() -> bytes:
    items = [
        {
            "vehicle_id": n,
            "ts": BEGUN + timedelta(seconds=n % 5, microseconds=n * 1013),
            "received_at": BEGUN + timedelta(seconds=n % 5 + 1, microseconds=n * 733),
            "lat": round(37.75 + 0.07 * math.sin(n * 7.3), 6),
            "lon": round(-122.45 + 0.07 * math.cos(n * 3.1), 6),
            "speed_kmh": round(abs(60 * math.sin(n)), 1),
            "course_deg": n * 37 % 360,
            "ignition": n % 3 > 0,
            "odometer_m": 20_000_000 + n * 77_777,
            "fuel_pct": n * 13 % 100,
            **dict.fromkeys(("rpm", "engine_temp_c", "dtc", "driver_key", "hdop", "fuel_rate_lph", "relay_ts")),
        }
        for n in range(VEHICLES)
    ]
    return orjson.dumps({"items": items, "next_cursor": None})


if __name__ == "__main__":
    main()
