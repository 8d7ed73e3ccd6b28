"""How many boards hold: 300 websockets on a fleet of 500 that reports 2,000 points a second.

    .venv/bin/python -m infra.bench.fanout [--boards 300] [--seconds 20]

The whole back end over a database of its own: the points come by the device port, from one process that is also the
300 boards.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable
from typing import Any

from infra.bench.listeners import Heard, listen
from infra.bench.processes import processor_between, processor_s
from infra.bench.product import sign_in
from infra.bench.result import record, spread
from infra.bench.stand import BACK_END, SPARE_PORT, Stand, standing
from infra.bench.trackers import Trackers
from infra.bench.yardstick import measure_echo
from infra.errors import CannotStart

VEHICLES = 500
EVERY_S = 1.0
POINTS = 4
WARM_UP_S = 10.0
YARDSTICK_S = 8.0
GOAL_P95_MS = 1000
# Of all fixes at all boards, millions, these are enough for a percentile.
SAMPLES = 200_000


def main() -> None:
    """Measure once; exit status 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--boards", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20.0, help="of measuring, after some of warming up")
    options = parser.parse_args()
    try:
        with standing(*BACK_END, vehicle_count=VEHICLES) as stand:
            figures = asyncio.run(_measure(stand, options.boards, options.seconds))
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    record("fanout", figures)
    sys.exit(0 if figures["received_to_board_ms"]["p95"] <= GOAL_P95_MS else 1)


async def _measure(stand: Stand, boards: int, seconds: float) -> dict[str, Any]:
    config = stand.config
    vehicle_ids = dict(zip(stand.device_uids, stand.vehicle_ids, strict=True))
    trackers = Trackers(config.ips_port, vehicle_ids, dict.fromkeys(vehicle_ids, "NA"), every_s=EVERY_S, points=POINTS)
    cookie, heard = sign_in(config.local_url, stand.operator), Heard()
    work = [asyncio.create_task(trackers.report())]
    work += [asyncio.create_task(listen(f"{config.local_url}/live", cookie, heard)) for _ in range(boards)]
    await heard.wait_for(boards)
    await _let_run(work, WARM_UP_S)
    stored, since = _count_stored(stand), time.monotonic()
    before, own = processor_s(stand.pids), time.process_time()
    heard.measures = True
    await _let_run(work, seconds)
    heard.measures = False
    used, own = processor_between(before, processor_s(stand.pids)), time.process_time() - own
    stored_per_s = (_count_stored(stand) - stored) / (time.monotonic() - since)
    for each in work:
        each.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    messages = heard.messages / seconds / boards
    size = round(heard.bytes / max(heard.messages, 1))
    echoed, echo_cores = await measure_echo(
        stand.dsn,
        config.port + SPARE_PORT,
        listeners=boards,
        workers=config.web_workers,
        per_s=messages,
        size=size,
        seconds=YARDSTICK_S,
    )
    return {
        "boards": boards,
        "vehicles": VEHICLES,
        "points_per_s_offered": round(VEHICLES * POINTS / EVERY_S),
        "points_per_s_stored": round(stored_per_s),
        **_report(trackers, heard, seconds),
        "boards_cut": heard.closed,
        "messages_per_board_s": round(messages, 1),
        "bytes_per_message": size,
        "bytes_per_board_s": round(heard.bytes / seconds / boards),
        "cores_used": {name: round(took / seconds, 2) for name, took in used.items()}
        | {"generator and boards": round(own / seconds, 2)},
        "yardstick_ms": _spread(echoed),
        "yardstick_cores": round(echo_cores, 2),
    }


async def _let_run(work: list[asyncio.Task[None]], seconds: float) -> None:
    """Wait; what goes wrong in the meantime goes wrong here."""
    done, _ = await asyncio.wait(work, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for each in done:
        each.result()


def _count_stored(stand: Stand) -> int:
    with stand.connect() as connection:
        (count,) = connection.execute("SELECT sum(stored_count)::bigint FROM telemetry_states").fetchone() or (0,)
    return int(str(count))


def _report(trackers: Trackers, heard: Heard, seconds: float) -> dict[str, Any]:
    """Delays at each board of the fixes that were heard; a fix that was passed over by a newer one was in time too."""
    deliveries = [(fix, at) for key, fixes in heard.fixes.items() for at in heard.arrivals[key] for fix in fixes]
    chosen = deliveries[:: len(deliveries) // SAMPLES + 1]
    return {
        "deliveries_per_s": round(len(deliveries) / seconds),
        "snapshots": heard.snapshots,
        "received_to_board_ms": _spread(at - received / 1000 for (_, received), at in chosen),
        "sent_to_board_ms": _spread(at - trackers.sent[fix] for (fix, _), at in chosen if fix in trackers.sent),
    }


def _spread(delays: Iterable[float]) -> dict[str, float]:
    """How delays in seconds lie, in ms."""
    found = spread(delay * 1000 for delay in delays)
    if not found:
        raise CannotStart("Not one fix arrived. Look at the gateway's log.")
    return found


if __name__ == "__main__":
    main()
