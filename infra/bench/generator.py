"""The load generator as a process, and the count of what came of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from infra.bench.load import TELTONIKA, WIALON_IPS, Outcome, Phase, Plan
from infra.bench.stand import Stand
from infra.errors import CannotStart


def plan_for(stand: Stand, phases: list[Phase], *, teltonika_pct: int, window: int, start_ms: int) -> Plan:
    """Every device of the stand takes part; so many of a hundred speak Teltonika, the others Wialon IPS."""
    spread = {
        uid: TELTONIKA if number % 100 * 37 % 100 < teltonika_pct else WIALON_IPS
        for number, uid in enumerate(stand.device_uids)
    }
    return Plan(
        ports={WIALON_IPS: stand.config.ips_port, TELTONIKA: stand.config.teltonika_port},
        devices=spread,
        phases=phases,
        window=window,
        start_ms=start_ms,
    )


@contextmanager
def generating(plan: Plan) -> Iterator[Iterator[Outcome]]:
    """Begins when the first frame is about to leave; gives the outcome of each phase as that ends.

    Raises CannotStart when the generator gave up.
    """
    command = [sys.executable, "-m", "infra.bench.load", msgspec.json.encode(plan).decode()]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        assert process.stdout is not None
        try:
            if process.stdout.readline() != b"ready\n":
                raise CannotStart(f"The load generator did not start. {_last_words(said)}")
            yield _outcomes(process, plan, said)
        finally:
            process.kill()


def _outcomes(process: subprocess.Popen[bytes], plan: Plan, said: Any) -> Iterator[Outcome]:
    assert process.stdout is not None
    for _ in plan.phases:
        line = process.stdout.readline()
        if not line:
            raise CannotStart(f"The load generator gave up. {_last_words(said)}")
        yield msgspec.json.decode(line, type=Outcome)


def _last_words(said: Any) -> str:
    said.seek(0)
    return f"Its last words: {said.read()[-1500:].decode(errors='replace')}"


_STORED = """
    SELECT vehicle_id, count(*), count(DISTINCT ts), (sum(extract(epoch FROM ts)) * 1000)::bigint
    FROM telemetry_points WHERE vehicle_id < 1000000 GROUP BY vehicle_id
"""
_COUNTED = """
    SELECT sum(received_count)::bigint, sum(stored_count)::bigint, sum(duplicate_count)::bigint,
           sum(refused_count)::bigint
    FROM telemetry_states
"""


def tally(stand: Stand, plan: Plan) -> dict[str, Any]:
    """What is in the database of what was sent.

    `is_exact`: of each vehicle so many points, all of different moments, whose times add up to what was sent; and as
    many counted, none of them refused or there already. Yardsticks copy vehicles of higher numbers.
    """
    expected = {}
    for place, vehicle_id in enumerate(stand.vehicle_ids):
        moments = list(plan.moments_ms(place))
        expected[vehicle_id] = (len(moments), len(moments), sum(moments))
    with stand.connect() as connection:
        stored = {row[0]: row[1:] for row in connection.execute(_STORED).fetchall()}
        counts = connection.execute(_COUNTED).fetchone() or ()
    received, kept, duplicates, refused = counts
    sent = sum(count for count, _, _ in expected.values())
    return {
        "sent": sent,
        "stored": sum(int(str(row[0])) for row in stored.values()),
        "duplicates": duplicates,
        "refused": refused,
        "is_exact": stored == expected and (received, kept) == (sent, sent),
    }
