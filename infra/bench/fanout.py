"""How many boards hold: 300 websockets on a fleet of 500 that reports 2,000 points a second.

    make bench        or        .venv/bin/python -m infra.bench.fanout

Measures a product of its own, in a folder that is thrown away: the points come by the device port, from one process
that is also the 300 boards. Prints one line of JSON and adds it to $ERP_HOME/bench/fanout.jsonl.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from core import config as configuration
from core.config import Config
from infra.bench.listeners import Heard, listen
from infra.bench.processes import processor_ms
from infra.bench.product import running_product, sign_in
from infra.bench.trackers import Trackers
from infra.bench.yardstick import measure_echo
from infra.errors import CannotStart
from infra.postgres import dsn_for
from infra.replay.product import Product
from infra.supervisor.lifetime import server_of

LISTENERS = 300
VEHICLES = 500
EVERY_S = 1.0
POINTS = 4
WARM_UP_S = 10.0
MEASURE_S = 20.0
YARDSTICK_S = 8.0
GOAL_P95_MS = 1000
# Ports after those of the product that may run here meanwhile.
PORTS_ON = 40
# Of all fixes at all boards, millions, these are enough for a percentile.
SAMPLES = 200_000


def main() -> None:
    """Measure once; exit status 1 when the goal is missed."""
    home, port = configuration.current().home, configuration.current().port + PORTS_ON
    (home / "bench").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="erp-fanout-") as folder:
        own = {"ERP_HOME": folder, "ERP_PORT": str(port), "ERP_FLEET": "0", "DATABASE_URL": "", "ERP_PUBLIC_URL": ""}
        config = configuration.load({**os.environ, **own})
        (config.home / "bench").mkdir()
        try:
            with running_product(config, {**os.environ, **own}):
                result = asyncio.run(_measure(config))
        except CannotStart as refusal:
            sys.exit(f"bench: {refusal}")
    line = orjson.dumps(result).decode()
    print(line)
    with (home / "bench" / "fanout.jsonl").open("a") as file:
        file.write(f"{line}\n")
    sys.exit(0 if result["received_to_board_ms"]["p95"] <= GOAL_P95_MS else 1)


async def _measure(config: Config) -> dict[str, Any]:
    keys = {uid: hashlib.sha256(uid.encode()).hexdigest()[:24] for uid in (f"FAN-{n:03d}" for n in range(VEHICLES))}
    product = Product(config)
    vehicle_ids = await asyncio.to_thread(product.ensure_vehicles, keys)
    trackers = Trackers(config.ips_port, vehicle_ids, keys, every_s=EVERY_S, points=POINTS)
    cookie, heard = sign_in(config, "operator"), Heard()
    work = [asyncio.create_task(trackers.report())]
    work += [asyncio.create_task(listen(f"{config.base_url}/live", cookie, heard)) for _ in range(LISTENERS)]
    await _let_run(work, WARM_UP_S)
    before, since = await _count_stored(product), time.monotonic()
    began, own = _processor(config), processor_ms([os.getpid()])
    heard.measures = True
    await _let_run(work, MEASURE_S)
    heard.measures = False
    used = _processor(config) - began
    generator = sum(processor_ms([os.getpid()]).values()) - sum(own.values()) - sum(used.values())
    stored = (await _count_stored(product) - before) / (time.monotonic() - since)
    for each in work:
        each.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    messages = heard.messages / MEASURE_S / LISTENERS
    size = round(heard.bytes / max(heard.messages, 1))
    echoed, echo_cores = await measure_echo(
        dsn_for(server_of(config)),
        config.port + 5,
        listeners=LISTENERS,
        workers=config.web_workers,
        per_s=messages,
        size=size,
        seconds=YARDSTICK_S,
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "boards": LISTENERS,
        "vehicles": VEHICLES,
        "points_per_s_offered": round(VEHICLES * POINTS / EVERY_S),
        "points_per_s_stored": round(stored),
        **_report(trackers, heard),
        "boards_cut": heard.closed,
        "messages_per_board_s": round(messages, 1),
        "bytes_per_message": size,
        "bytes_per_board_s": round(heard.bytes / MEASURE_S / LISTENERS),
        "cores_used": {kind: round(ms / MEASURE_S / 1000, 2) for kind, ms in used.items()}
        | {"generator and boards": round(generator / MEASURE_S / 1000, 2)},
        "yardstick_ms": _spread(echoed),
        "yardstick_cores": round(echo_cores, 2),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


async def _let_run(work: list[asyncio.Task[None]], seconds: float) -> None:
    """Wait; what goes wrong in the meantime goes wrong here."""
    done, _ = await asyncio.wait(work, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for each in done:
        each.result()


async def _count_stored(product: Product) -> int:
    intake = await asyncio.to_thread(product.intake)
    return sum(counts["stored_count"] for counts in intake.values())


def _processor(config: Config) -> Counter[str]:
    """What the processes of the product have used: all are started by the one that holds the lock of its home."""
    return processor_ms([int((config.home / "run.lock").read_text())])


def _report(trackers: Trackers, heard: Heard) -> dict[str, Any]:
    """Delays at each board of the fixes that were heard; a fix that was passed over by a newer one was in time too."""
    deliveries = [(fix, at) for key, fixes in heard.fixes.items() for at in heard.arrivals[key] for fix in fixes]
    chosen = deliveries[:: len(deliveries) // SAMPLES + 1]
    return {
        "deliveries_per_s": round(len(deliveries) / MEASURE_S),
        "snapshots": heard.snapshots,
        "received_to_board_ms": _spread(at - received / 1000 for (_, received), at in chosen),
        "sent_to_board_ms": _spread(at - trackers.sent[fix] for (fix, _), at in chosen if fix in trackers.sent),
    }


def _spread(delays: Iterable[float]) -> dict[str, int]:
    """Percentiles (nearest rank) in ms."""
    took = sorted(delay * 1000 for delay in delays)
    if not took:
        raise CannotStart("Not one fix arrived. Look at the gateway's log.")
    ranks = {f"p{percent}": round(took[(len(took) * percent - 1) // 100]) for percent in (50, 95, 99)}
    return {**ranks, "max": round(took[-1])}


if __name__ == "__main__":
    main()
