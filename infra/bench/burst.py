"""The whole back end under twenty times its load: a minute at 2,000 points a second, then one at 10,000.

    .venv/bin/python -m infra.bench.burst [--sustained-s 60] [--burst-s 60]

Web, worker, scheduler, follower and gateway as processes over a database of their own; 500 devices on sockets in
another process on the same processors. Each device sends a frame of one point when that is due by the clock on the
wall. Afterwards it is counted whether exactly what was acknowledged is stored, and how long the follower takes until
everything is derived of it.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from core import clock
from infra.bench.copying import copy_rate
from infra.bench.generator import generating, plan_for, tally
from infra.bench.load import Outcome, Phase
from infra.bench.processes import processor_between, processor_s
from infra.bench.result import record
from infra.bench.stand import BACK_END, Stand, standing
from infra.errors import CannotStart

GOAL_ACK_P99_MS = 2_000
GOAL_RATE = 0.98  # of what was asked for
COPY_BATCHES = 100
CATCH_UP_S = 600.0
LOOK_EVERY_S = 1.0
# Making a frame takes some ten microseconds, twice that beside others.
_MAKE_S = 5.0
_MAKE_FRAME_S = 30e-6

_BEHIND = """
    SELECT coalesce(sum(s.stored_count - coalesce(h.point_count, 0)), 0)::bigint,
           coalesce(max(extract(epoch FROM s.arrived_at - coalesce(h.arrived_at, s.arrived_at)))
                    FILTER (WHERE s.stored_count <> coalesce(h.point_count, 0)), 0)::float8
    FROM telemetry_states s LEFT JOIN telemetry_heads h USING (vehicle_id)
"""
_DERIVED = """
    SELECT (SELECT count(*) FROM telemetry_heads h JOIN telemetry_states s USING (vehicle_id)
            WHERE h.point_count = s.stored_count),
           (SELECT count(DISTINCT vehicle_id) FROM telemetry_trips WHERE withdrawn_at IS NULL),
           (SELECT coalesce(sum(point_count), 0)::bigint FROM telemetry_days)
"""


class Behind:
    """How far the follower was behind, looked at once a second: points, and seconds since it saw the last."""

    def __init__(self, stand: Stand) -> None:
        self._connection = stand.connect()
        self._looks: list[tuple[int, float]] = []

    def look(self) -> int:
        """Look now; returns the points not followed."""
        points, seconds = self._connection.execute(_BEHIND).fetchone() or (0, 0.0)
        self._looks.append((int(str(points)), float(str(seconds))))
        return self._looks[-1][0]

    def take(self) -> dict[str, float]:
        """The worst since the last call."""
        looks, self._looks = self._looks or [(0, 0.0)], []
        return {"points": max(points for points, _ in looks), "seconds": round(max(age for _, age in looks), 2)}

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look again and again in the meantime."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(LOOK_EVERY_S):
                self.look()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def main() -> None:
    """Measure once; exit status 1 when something was lost or stored twice, or a goal was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--sustained-s", type=int, default=60)
    parser.add_argument("--sustained-per-s", type=int, default=2_000)
    parser.add_argument("--burst-s", type=int, default=60)
    parser.add_argument("--burst-per-s", type=int, default=10_000)
    parser.add_argument("--window", type=int, default=40, help="frames of a device that may be unanswered")
    parser.add_argument("--teltonika-pct", type=int, default=50, help="the other devices speak Wialon IPS")
    options = parser.parse_args()
    try:
        with standing(*BACK_END, vehicle_count=options.devices) as stand:
            figures = _measure(stand, options)
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")
    record("burst", figures)
    for goal in (missed := _find_missed(figures)):
        print(f"missed: {goal}", file=sys.stderr)
    sys.exit(1 if missed else 0)


def _measure(stand: Stand, options: argparse.Namespace) -> dict[str, Any]:
    wanted = {
        "sustained": (options.sustained_per_s, options.sustained_s),
        "burst": (options.burst_per_s, options.burst_s),
    }
    phases = [Phase(frames=rate * seconds // options.devices, per_s=rate) for rate, seconds in wanted.values()]
    frames = sum(phase.frames for phase in phases) * options.devices
    plan = plan_for(
        stand,
        phases,
        teltonika_pct=options.teltonika_pct,
        window=options.window,
        start_ms=int((time.time() + _MAKE_S + frames * _MAKE_FRAME_S) * 1000),
    )
    behind, figures, acknowledged = Behind(stand), {}, 0
    with generating(plan) as outcomes:
        before = processor_s(stand.pids)
        with behind.looking():
            for (name, (rate, _)), outcome in zip(wanted.items(), outcomes, strict=True):
                after = processor_s(stand.pids)
                cpu_s = processor_between(before, after)
                figures[name] = _phase(outcome, rate, cpu_s, behind.take())
                before, acknowledged = after, acknowledged + outcome.acknowledged
    caught_up_s = _catch_up(behind)
    cpu_s = processor_between(before, processor_s(stand.pids))
    return {
        "devices": options.devices,
        "window": options.window,
        "acknowledged": acknowledged,
        **tally(stand, plan),
        **figures,
        "caught_up": {"seconds": caught_up_s, "cpu_s": cpu_s},
        "derived": _derived(stand),
        "goal_ack_p99_ms": GOAL_ACK_P99_MS,
        "yardstick_copy_per_s": round(copy_rate(stand.dsn, clock.now() - timedelta(days=2), COPY_BATCHES, processes=1)),
    }


def _phase(outcome: Outcome, rate: int, cpu_s: dict[str, float], behind: dict[str, float]) -> dict[str, Any]:
    return {
        "asked_per_s": rate,
        "points_per_s": round(outcome.acknowledged / outcome.seconds),
        "seconds": round(outcome.seconds, 1),
        "ack_ms": outcome.ack_ms,
        "due_to_ack_ms": outcome.due_ms,
        "follower_behind": behind,
        "cpu_s": cpu_s | {"generator": round(outcome.generator_cpu_s, 1)},
    }


def _catch_up(behind: Behind) -> float | None:
    """Seconds until every point was followed; None when that took too long."""
    began = time.monotonic()
    while behind.look():
        if time.monotonic() - began > CATCH_UP_S:
            return None
        time.sleep(0.1)
    return round(time.monotonic() - began, 1)


def _derived(stand: Stand) -> dict[str, Any]:
    with stand.connect() as connection:
        row = connection.execute(_DERIVED).fetchone() or (0, 0, 0)
    return dict(zip(("vehicles_complete", "vehicles_with_trips", "points_in_days"), row, strict=True))


def _find_missed(figures: dict[str, Any]) -> list[str]:
    goals = {
        "exactly what was acknowledged is stored": figures["is_exact"] and figures["acknowledged"] == figures["stored"],
        "everything is derived": figures["derived"]["vehicles_complete"] == figures["devices"],
        f"99 of 100 answers of the burst within {GOAL_ACK_P99_MS:,} ms": figures["burst"]["ack_ms"]["p99"]
        <= GOAL_ACK_P99_MS,
    } | {
        f"{figures[name]['asked_per_s']:,} points a second": figures[name]["points_per_s"]
        >= GOAL_RATE * figures[name]["asked_per_s"]
        for name in ("sustained", "burst")
    }
    return [goal for goal, is_met in goals.items() if not is_met]


if __name__ == "__main__":
    main()
