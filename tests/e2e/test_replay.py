"""Real recordings, played into the running product by its ports."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.api import Api
from tests.e2e.product import Product, eventually

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

DRIVES = Path(__file__).parent / "data" / "drives.csv"
ROWS = list(csv.DictReader(DRIVES.open()))
NUMBERS = re.compile(r"sent (\d+) points.*stored (\d+) \+ duplicates (\d+) \+ refused (\d+)", re.DOTALL)


class TestReplay:
    @pytest.mark.parametrize(
        ("source", "via", "speed", "refused", "again_via"),
        [("capmetro", "ips", 1200, 1, "ips"), ("driveplotr", "api", 50, 0, "ips"), ("ndsbr", "ips", 60, 1, "api")],
    )
    def test_of_a_recording_adds_up_and_stores_nothing_the_second_time(
        self, product, api, source, via, speed, refused, again_via
    ):
        recorded = _recorded(source)

        first = _play(product, source, via, speed)
        kept = _stored(api, recorded)
        anchor = re.search(r"--anchor (\S+)", first).group(1)
        again = _play(product, source, again_via, 10_000, "--anchor", anchor)

        assert _numbers(first) == (len(recorded), len(recorded) - refused, 0, refused), first
        assert _numbers(again) == (len(recorded), 0, len(recorded) - refused, refused), again
        assert kept == _stored(api, recorded) == len(recorded) - refused
        eventually(
            lambda: _summed(api, recorded) == kept, within_s=30, saying=lambda: f"{_summed(api, recorded)} of {kept}"
        )


def _recorded(source: str) -> list[dict[str, str]]:
    return [row for row in ROWS if row["source"] == source]


def _play(product: Product, source: str, via: str, speed: float, *more: str) -> str:
    run = product.erp("replay", str(DRIVES), "--source", source, "--via", via, "--speed", str(speed), *more)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def _numbers(report: str) -> tuple[int, ...]:
    """Sent, stored, duplicates, refused."""
    found = NUMBERS.search(report)
    assert found, report
    return tuple(int(number) for number in found.groups())


def _stored(api: Api, recorded: list[dict[str, str]]) -> int:
    """How many points of the recording's vehicles the product has, by its own counters."""
    vehicles, intake = api.vehicles(), api.intake()
    ids = {vehicles[row["vehicle_id"]]["id"] for row in recorded}
    return sum(intake[vehicle_id]["stored_count"] for vehicle_id in ids)


def _summed(api: Api, recorded: list[dict[str, str]]) -> int:
    """How many points of the recording's vehicles the follower has worked into its sums over hours."""
    vehicles = api.vehicles()
    until = datetime.now(UTC) + timedelta(hours=1)
    span = f"from={until - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}&to={until:%Y-%m-%dT%H:%M:%SZ}"
    return sum(
        period["point_count"]
        for vehicle_id in {vehicles[row["vehicle_id"]]["id"] for row in recorded}
        for period in api.get(f"/telemetry/{vehicle_id}/periods?width=1h&{span}&limit=1000")["items"]
    )
