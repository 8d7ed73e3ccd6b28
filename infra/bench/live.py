"""How long until a fix is visible: from the moment a tracker sends it to the moment a board shows it.

    make bench        or        ERP_FLEET=500 .venv/bin/python -m infra.bench.live

Measures the product that runs in $ERP_HOME, or starts it. Prints one line of JSON and adds it to
$ERP_HOME/bench/live.jsonl.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from core import config as configuration
from core.config import Config
from infra.bench.product import running_product, sign_in
from infra.bench.trackers import EVERY_S, Fix, Trackers
from infra.bench.watchers import Sightings, open_board, watch_board, watch_raw
from infra.errors import CannotStart
from infra.replay.product import Product

TRACKERS = 50
WARM_UP_S = 15.0
MEASURE_S = 75.0
GOAL_P95_MS = 1000


def main() -> None:
    """Measure once; exit status 1 when the goal is missed."""
    config = configuration.current()
    (config.home / "bench").mkdir(parents=True, exist_ok=True)
    try:
        with running_product(config):
            result = asyncio.run(_measure(config))
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    line = orjson.dumps(result).decode()
    print(line)
    with (config.home / "bench" / "live.jsonl").open("a") as file:
        file.write(f"{line}\n")
    sys.exit(0 if result["sent_to_visible_ms"]["p95"] <= GOAL_P95_MS else 1)


async def _measure(config: Config) -> dict[str, Any]:
    keys = {uid: hashlib.sha256(uid.encode()).hexdigest()[:24] for uid in (f"BENCH-{n:02d}" for n in range(TRACKERS))}
    trackers = Trackers(config.ips_port, Product(config).ensure_vehicles(keys), keys)
    cookie = sign_in(config, "operator")
    board, raw = Sightings(), Sightings()
    async with open_board(config.base_url, cookie) as page:
        work = asyncio.gather(trackers.report(), watch_board(page, board), watch_raw(config.base_url, cookie, raw))
        await _let_run(work, WARM_UP_S)
        warm = set(board.seen) | set(raw.seen) | set(trackers.sent)
        await _let_run(work, MEASURE_S)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    return _report(trackers.sent, board, raw, warm)


async def _let_run(work: asyncio.Future[Any], seconds: float) -> None:
    """Wait; what goes wrong in the meantime goes wrong here."""
    await asyncio.wait([work], timeout=seconds)
    if work.done():
        work.result()


def _report(sent: Mapping[Fix, float], board: Sightings, raw: Sightings, warm: set[Fix]) -> dict[str, Any]:
    fixes = board.seen.keys() - warm
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "vehicles": len({vehicle_id for vehicle_id, _ in fixes}),
        "fixes_per_s": round(len(fixes) / MEASURE_S, 1),
        "never_visible": _count_unseen(sent, board.seen, warm),
        "sent_to_visible_ms": _spread(sent, board.seen, warm),
        "received_to_visible_ms": _spread(board.received, board.seen, warm),
        "yardstick_sent_to_heard_ms": _spread(sent, raw.seen, warm),
        "yardstick_received_to_heard_ms": _spread(raw.received, raw.seen, warm),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "cpu": processor(),
    }


def _count_unseen(sent: Mapping[Fix, float], seen: Mapping[Fix, float], warm: set[Fix]) -> int:
    """Fixes that had time to be seen and were not: without them the percentiles would flatter."""
    due = max(sent.values()) - EVERY_S
    return sum(at < due and fix not in seen for fix, at in sent.items() if fix not in warm)


def _spread(began: Mapping[Fix, float], ended: Mapping[Fix, float], warm: set[Fix]) -> dict[str, int]:
    """Percentiles (nearest rank) of how long each fix took, in ms."""
    took = sorted((ended[fix] - began[fix]) * 1000 for fix in (began.keys() & ended.keys()) - warm)
    if not took:
        raise CannotStart("Not one fix arrived. Look at the gateway's log.")
    ranks = {f"p{percent}": round(took[(len(took) * percent - 1) // 100]) for percent in (50, 95, 99)}
    return {"fixes": len(took), **ranks, "max": round(took[-1])}


def processor() -> str:
    """What the machine is, as far as it says."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"


if __name__ == "__main__":
    main()
