"""Real recordings, played into the running product by its ports."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from tests.e2e.api import Api
from tests.e2e.product import Product

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

DRIVES = Path(__file__).parent / "data" / "drives.csv"
ROWS = list(csv.DictReader(DRIVES.open()))
NUMBERS = re.compile(r"sent (\d+) points.*stored (\d+) \+ duplicates (\d+) \+ refused (\d+)", re.DOTALL)


class TestReplay:
    @pytest.mark.parametrize(
        ("source", "via", "speed", "refused"),
        [("capmetro", "ips", 800, 1), ("driveplotr", "api", 100, 0), ("ndsbr", "ips", 60, 1)],
    )
    def test_of_a_recording_adds_up_and_stores_nothing_the_second_time(self, product, api, source, via, speed, refused):
        recorded = _recorded(source)

        first = _play(product, source, via, speed)
        anchor = re.search(r"--anchor (\S+)", first).group(1)
        kept = _stored(api, recorded)
        again = _play(product, source, via, 10_000, "--anchor", anchor)

        assert _numbers(first) == (len(recorded), len(recorded) - refused, 0, refused), first
        assert _numbers(again) == (len(recorded), 0, len(recorded) - refused, refused), again
        assert kept == _stored(api, recorded) == len(recorded) - refused

    def test_by_the_other_port_is_the_same_points(self, product):
        first = _play(product, "driveplotr", "ips", 10_000)
        anchor = re.search(r"--anchor (\S+)", first).group(1)

        by_api = _play(product, "driveplotr", "api", 10_000, "--anchor", anchor)

        sent, stored, duplicates, _ = _numbers(by_api)
        assert (stored, duplicates) == (0, sent), by_api


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
