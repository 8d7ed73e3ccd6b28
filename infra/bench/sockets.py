"""How many points a second come in through device sockets: decoded, deduplicated, committed and acknowledged.

    .venv/bin/python -m infra.bench.sockets

Starts a PostgreSQL of its own, a fleet, `erp gateway` as a process and the load generator as another; the yardstick
is what the same table takes by bare COPY in the same run. Prints one line of JSON and adds it to
$ERP_HOME/bench/sockets.jsonl. Settings: BENCH_DEVICES (500), BENCH_FRAMES of each (600), BENCH_WINDOW of frames in
flight (16), BENCH_TELTONIKA in percent of the devices (50), the others speak Wialon IPS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import orjson
import psycopg

from core import clock
from core import config as configuration
from infra.bench.live import processor
from infra.bench.load import TELTONIKA, WIALON_IPS, Outcome, Plan
from infra.bench.throwaway import Throwaway, gateway_of, throwaway_product

COPY_ROWS = 100_000
COPY_BATCH = 5_000
TIMEOUT_S = 300.0
GOAL_PER_S = 15_000
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure once; exit status 1 when what is stored is not exactly what was acknowledged."""
    devices, frames, window, share = (
        int(os.environ.get(f"BENCH_{name}", default))
        for name, default in (("DEVICES", 500), ("FRAMES", 600), ("WINDOW", 16), ("TELTONIKA", 50))
    )
    uids = {f"{860_000_000_000_000 + n}": TELTONIKA if n % 100 < share else WIALON_IPS for n in range(devices)}
    with throwaway_product(list(uids)) as product:
        result = _measure(product, uids, frames=frames, window=window)
    line = orjson.dumps(result).decode()
    print(line)
    folder = configuration.current().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sockets.jsonl").open("a") as file:
        file.write(f"{line}\n")
    sys.exit(0 if result["stored"] == result["acknowledged"] else 1)


def _measure(product: Throwaway, uids: dict[str, str], *, frames: int, window: int) -> dict[str, Any]:
    start = clock.now() - timedelta(seconds=frames + 60)
    plan = Plan(
        ports={WIALON_IPS: product.config.ips_port, TELTONIKA: product.config.teltonika_port},
        devices=uids,
        frames=frames,
        window=window,
        start_ts=int(start.timestamp()),
    )
    with gateway_of(product) as gateway:
        cpu = _cpu_s(gateway)
        outcome = _generate(plan)
        cpu = _cpu_s(gateway) - cpu
    with psycopg.connect(product.dsn, autocommit=True) as connection:
        stored = _count(connection)
        copied = _copy(connection, list(product.vehicle_ids.values()), clock.now() - timedelta(days=2))
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "devices": len(uids),
        "teltonika": sum(source == TELTONIKA for source in uids.values()),
        "window": window,
        "points_per_s": round(outcome.acknowledged / outcome.seconds),
        "goal_per_s": GOAL_PER_S,
        "acknowledged": outcome.acknowledged,
        "stored": stored,
        "ack_ms": {"p50": outcome.ack_p50_ms, "p95": outcome.ack_p95_ms, "p99": outcome.ack_p99_ms},
        "yardstick_copy_rows_per_s": copied,
        "seconds": round(outcome.seconds, 1),
        "gateway_cpu_s": round(cpu, 1),
        "generator_cpu_s": round(outcome.cpu_s, 1),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "cpu": processor(),
    }


def _generate(plan: Plan) -> Outcome:
    text = msgspec.json.encode(plan).decode()
    done = subprocess.run(
        [sys.executable, "-m", "infra.bench.load", text], capture_output=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        sys.exit(f"bench: the load generator gave up: {done.stderr.decode()[-1000:]}")
    return msgspec.json.decode(done.stdout, type=Outcome)


def _count(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM telemetry_points").fetchone()
    return int(row[0]) if row else 0


def _copy(connection: psycopg.Connection[Any], vehicle_ids: list[int], day: datetime) -> int:
    """Rows a second by nothing but COPY and COMMIT, with text made beforehand: what the table itself allows."""
    rows = [
        f"{vehicle_ids[number % len(vehicle_ids)]}\t{day + timedelta(seconds=number // len(vehicle_ids))}\t{day}\t"
        "37.5\t-122.1\t120\t36\t0\t9\tt\t100000\t13.8\n"
        for number in range(COPY_ROWS)
    ]
    batches = ["".join(rows[start : start + COPY_BATCH]).encode() for start in range(0, COPY_ROWS, COPY_BATCH)]
    began = time.perf_counter()
    for batch in batches:
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY telemetry_points (vehicle_id, ts, received_at, lat, lon, altitude_m, speed_kmh, course_deg, "
                "satellites, ignition, odometer_m, voltage_v) FROM STDIN"
            ) as copy,
        ):
            copy.write(batch)
    return round(COPY_ROWS / (time.perf_counter() - began))


def _cpu_s(pid: int) -> float:
    """Processor time of a process so far, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    main()
