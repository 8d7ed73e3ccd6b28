"""How long until a fix is visible: from the moment a tracker sends it to the moment a board shows it.

    .venv/bin/python -m infra.bench.live [--seconds 75]

Measures the product that runs in $ERP_HOME, or starts it, with a simulated fleet of 500.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import sys
from collections.abc import Mapping
from typing import Any

from core import config as configuration
from core.config import Config
from infra.bench.product import read_logins, running_product, sign_in
from infra.bench.result import record, spread
from infra.bench.trackers import EVERY_S, Fix, Trackers
from infra.bench.watchers import Sightings, open_board, watch_board, watch_raw
from infra.errors import CannotStart
from infra.replay.product import Product

TRACKERS = 50
WARM_UP_S = 15.0
GOAL_P95_MS = 1000


def main() -> None:
    """Measure once; exit status 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=75.0, help="of measuring, after some of warming up")
    seconds = parser.parse_args().seconds
    config = configuration.current()
    try:
        with running_product(config):
            figures = asyncio.run(_measure(config, seconds))
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    record("live", figures)
    sys.exit(0 if figures["sent_to_visible_ms"]["p95"] <= GOAL_P95_MS else 1)


async def _measure(config: Config, seconds: float) -> dict[str, Any]:
    keys = {uid: hashlib.sha256(uid.encode()).hexdigest()[:24] for uid in (f"BENCH-{n:02d}" for n in range(TRACKERS))}
    trackers = Trackers(config.ips_port, Product(config).ensure_vehicles(keys), keys)
    cookie = sign_in(config.base_url, read_logins(config)["users"]["operator"])
    board, raw = Sightings(), Sightings()
    async with open_board(config.base_url, cookie) as page:
        work = asyncio.gather(trackers.report(), watch_board(page, board), watch_raw(config.base_url, cookie, raw))
        await _let_run(work, WARM_UP_S)
        warm = set(board.seen) | set(raw.seen) | set(trackers.sent)
        await _let_run(work, seconds)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    return _report(trackers.sent, board, raw, warm, seconds)


async def _let_run(work: asyncio.Future[Any], seconds: float) -> None:
    """Wait; what goes wrong in the meantime goes wrong here."""
    await asyncio.wait([work], timeout=seconds)
    if work.done():
        work.result()


def _report(
    sent: Mapping[Fix, float], board: Sightings, raw: Sightings, warm: set[Fix], seconds: float
) -> dict[str, Any]:
    fixes = board.seen.keys() - warm
    return {
        "vehicles": len({vehicle_id for vehicle_id, _ in fixes}),
        "fixes_per_s": round(len(fixes) / seconds, 1),
        "never_visible": _count_unseen(sent, board.seen, warm),
        "sent_to_visible_ms": _spread(sent, board.seen, warm),
        "received_to_visible_ms": _spread(board.received, board.seen, warm),
        "yardstick_sent_to_heard_ms": _spread(sent, raw.seen, warm),
        "yardstick_received_to_heard_ms": _spread(raw.received, raw.seen, warm),
    }


def _count_unseen(sent: Mapping[Fix, float], seen: Mapping[Fix, float], warm: set[Fix]) -> int:
    """Fixes that had time to be seen and were not: without them the percentiles would flatter."""
    due = max(sent.values()) - EVERY_S
    return sum(at < due and fix not in seen for fix, at in sent.items() if fix not in warm)


def _spread(began: Mapping[Fix, float], ended: Mapping[Fix, float], warm: set[Fix]) -> dict[str, float]:
    """How long each fix took, in ms."""
    took = [(ended[fix] - began[fix]) * 1000 for fix in (began.keys() & ended.keys()) - warm]
    if not took:
        raise CannotStart("Not one fix arrived. Look at the gateway's log.")
    return {"fixes": len(took), **spread(took)}


if __name__ == "__main__":
    main()
