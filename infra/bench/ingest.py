"""How many points a second come in by HTTP, beside a bare COPY into the same table in the same run.

.venv/bin/python -m infra.bench.ingest [--points 120000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core import clock
from infra.bench.copying import BATCH, copy_rate, make_points
from infra.bench.result import record, spread
from infra.bench.stand import Stand, standing

CLIENTS = 10

Batch = list[dict[str, Any]]


def main() -> None:
    """Measure in rounds, the yardstick before each, and write down the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=240_000, help="of each round and kind")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with standing("web") as stand:
        record("ingest", _measure(stand, options.points // BATCH, options.rounds))


def _measure(stand: Stand, batches: int, rounds: int) -> dict[str, Any]:
    start = clock.now() - timedelta(days=2)
    token = stand.token()
    found: dict[str, list[float]] = {name: [] for name in ("copy_1", "copy_2", "backlog", "fleet")}
    answers: list[float] = []
    # A fleet that has reported before, and web workers that have their connections: as it is all day.
    _post(stand, token, _fleet(stand, start - timedelta(hours=4), 10 * CLIENTS), [])
    for number in range(rounds):
        base = start + timedelta(hours=4 * number)
        found["copy_1"].append(copy_rate(stand.dsn, base, batches, processes=1))
        found["copy_2"].append(copy_rate(stand.dsn, base + timedelta(hours=1), batches, processes=2))
        found["backlog"].append(_post(stand, token, _backlog(stand, base, batches), answers))
        found["fleet"].append(_post(stand, token, _fleet(stand, base + timedelta(hours=2), batches), answers))
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    return {
        "batch": BATCH,
        "points_per_s": {name: round(rate) for name, rate in medians.items()},
        "to_copy_by_one": {name: round(medians[name] / medians["copy_1"], 2) for name in ("backlog", "fleet")},
        "to_copy_by_two": {name: round(medians[name] / medians["copy_2"], 2) for name in ("backlog", "fleet")},
        "answer_ms": spread(answer * 1000 for answer in answers),
        "rounds": {name: [round(rate) for rate in rates] for name, rates in found.items()},
    }


def _backlog(stand: Stand, base: datetime, batches: int) -> list[list[Batch]]:
    """What trackers have to say after an outage: batches of ten vehicles, a hundred points of each."""
    share = len(stand.vehicle_ids) // CLIENTS // 10 * 10
    return [
        [
            list(make_points(stand.vehicle_ids[first + n * 10 % share :][:10], base, n * 10 // share))
            for n in range(batches // CLIENTS)
        ]
        for first in range(0, share * CLIENTS, share)
    ]


def _fleet(stand: Stand, base: datetime, batches: int) -> list[list[Batch]]:
    """What a whole fleet says all the time: each client has a share of it, and sends its next points in order."""
    share = BATCH // (BATCH * CLIENTS // len(stand.vehicle_ids))
    return [
        [list(make_points(stand.vehicle_ids[first : first + share], base, n)) for n in range(batches // CLIENTS)]
        for first in range(0, share * CLIENTS, share)
    ]


def _post(stand: Stand, token: str, work: Sequence[Sequence[Batch]], answers: list[float]) -> float:
    """Points a second by several clients at once, each with batches of its own vehicles, one after the other."""
    bodies = [[msgspec.json.encode({"points": batch}) for batch in batches] for batches in work]

    def send(own: Sequence[bytes]) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for body in own:
            began = time.perf_counter()
            # One for each batch, as most scripts do it: the kernel gives it to a worker that has time.
            link = http.client.HTTPConnection("127.0.0.1", stand.config.port)
            link.request("POST", "/api/v1/telemetry", body, headers)
            answer = link.getresponse()
            report = msgspec.json.decode(answer.read())
            link.close()
            answers.append(time.perf_counter() - began)
            if answer.status != http.client.OK or report["stored"] != report["received"]:
                raise RuntimeError(f"A batch was not stored whole: {answer.status} {report}")

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        for sent in [clients.submit(send, own) for own in bodies]:
            sent.result()
    return sum(len(batch) for batches in work for batch in batches) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
