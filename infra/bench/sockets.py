"""How many points a second come in through device sockets: decoded, deduplicated, committed and acknowledged.

    .venv/bin/python -m infra.bench.sockets [--devices 500] [--frames 600] [--window 16] [--teltonika-pct 50]

`erp gateway` as a process over a database of its own, and the load generator as another. The yardstick is what the same
table takes by bare COPY in the same run.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import Any

from core import clock
from infra.bench.copying import copy_rate
from infra.bench.generator import generating, plan_for, tally
from infra.bench.load import Phase
from infra.bench.processes import processor_between, processor_s
from infra.bench.result import record
from infra.bench.stand import Stand, standing
from infra.errors import CannotStart

COPY_BATCHES = 100
GOAL_PER_S = 15_000


def main() -> None:
    """Measure once; exit status 1 when what is stored is not exactly what was acknowledged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--frames", type=int, default=600, help="of each device, a point in each")
    parser.add_argument("--window", type=int, default=16, help="frames of a device that may be unanswered")
    parser.add_argument("--teltonika-pct", type=int, default=50, help="the other devices speak Wialon IPS")
    options = parser.parse_args()
    try:
        with standing("gateway", vehicle_count=options.devices) as stand:
            figures = _measure(stand, options)
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    record("sockets", figures)
    sys.exit(0 if figures["is_exact"] else 1)


def _measure(stand: Stand, options: argparse.Namespace) -> dict[str, Any]:
    start = clock.now() - timedelta(seconds=options.frames + 60)
    plan = plan_for(
        stand,
        [Phase(frames=options.frames)],
        teltonika_pct=options.teltonika_pct,
        window=options.window,
        start_ms=int(start.timestamp() * 1000),
    )
    with generating(plan) as outcomes:
        before = processor_s(stand.pids)
        (outcome,) = outcomes
        used = processor_between(before, processor_s(stand.pids))
    return {
        "devices": options.devices,
        "teltonika_pct": options.teltonika_pct,
        "window": options.window,
        "points_per_s": round(outcome.acknowledged / outcome.seconds),
        "goal_per_s": GOAL_PER_S,
        "acknowledged": outcome.acknowledged,
        **tally(stand, plan),
        "ack_ms": outcome.ack_ms,
        "yardstick_copy_per_s": round(copy_rate(stand.dsn, clock.now() - timedelta(days=2), COPY_BATCHES, processes=1)),
        "seconds": round(outcome.seconds, 1),
        "cpu_s": used | {"generator": round(outcome.generator_cpu_s, 1)},
    }


if __name__ == "__main__":
    main()
