"""The operator's board over the real stream of a driving fleet, on a good line and on one that breaks."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime

import pytest

from tests.e2e.product import FLEET, eventually

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

AWAY_S = 10.0

# How many different pictures the overlay shows in two seconds.
PICTURES = """() => new Promise(resolve => {
  const canvas = document.querySelector("[data-board=overlay]"), seen = new Set(), began = performance.now();
  requestAnimationFrame(function look() {
    seen.add(canvas.toDataURL());
    if (performance.now() - began < 2000) requestAnimationFrame(look);
    else resolve(seen.size);
  });
})"""


class TestBoard:
    def test_shows_every_vehicle_and_lets_it_move_without_a_reload(self, screen, api):
        operator = screen("operator")
        operator.open_board()
        operator.page.evaluate("window.wasNeverReloaded = true")
        known = {vehicle["id"] for vehicle in api.vehicles().values()}

        before = operator.fixes()
        eventually(lambda: _newer(operator.fixes(), before) >= FLEET * 0.9, within_s=20, saying=operator.fixes)

        assert set(before) == known
        assert operator.page.evaluate("window.wasNeverReloaded")
        assert Counter(message["type"] for message in operator.heard)["snapshot"] == 1

    def test_draws_the_way_between_two_reports(self, screen):
        operator = screen("operator")
        operator.open_board()
        operator.page.wait_for_function("erpBoard.vehicles.size > 0")
        operator.page.wait_for_timeout(1_000)

        heard = len(operator.heard)
        pictures = operator.page.evaluate(PICTURES)

        assert pictures > 2 * (len(operator.heard) - heard)

    def test_makes_no_mistake_and_asks_nobody_else(self, screen):
        operator = screen("operator")
        operator.open_board()
        operator.page.click("a[data-vehicle-id] >> nth=0")
        operator.page.wait_for_selector("#panel .lock")
        operator.page.wait_for_timeout(2_000)

        assert operator.problems == []
        assert operator.foreign == []


class TestBrokenLine:
    def test_costs_the_board_nothing_of_what_happened_meanwhile(self, screen, line, api):
        operator = screen("operator", base_url=line.base_url)
        operator.open_board()
        vehicle_id = api.vehicle_id("SIM-024")

        line.cut()
        operator.context.set_offline(True)
        epoch, offset = operator.place()
        before, heard = operator.vehicles(), len(operator.heard)
        cut_at = time.monotonic()
        job = api.lock(vehicle_id)
        assert api.verdict(vehicle_id, job)["result"] == "success"
        operator.page.wait_for_timeout(max(0.0, AWAY_S - (time.monotonic() - cut_at)) * 1000)
        truth = {known: _milliseconds(api.newest(known)["ts"]) for known in before}
        assert operator.place() == (epoch, offset), "the line was not cut"

        line.mend()
        operator.context.set_offline(False)
        operator.wait_until_live()

        after = operator.vehicles()
        assert {known for known in truth if after[known]["ts"] < truth[known]} == set()
        assert after[vehicle_id]["relay_on"] is True
        assert _newer(_times(after), _times(before)) >= FLEET * 0.9
        told = [text for text in operator.changes() if "SIM-024" in text]
        assert [text.partition(".")[0] for text in reversed(told)] == [
            "SIM-024: immobilization ordered by Demonstration integrator",
            "SIM-024: immobilization confirmed",
        ]
        assert operator.place()[0] == epoch
        assert operator.heard[heard]["type"] == "delta"
        assert "snapshot" not in {message["type"] for message in operator.heard[heard:]}
        api.release(vehicle_id)


def _newer(after: dict[int, int], before: dict[int, int]) -> int:
    """How many vehicles have a newer fix than before."""
    return sum(at > before[vehicle_id] for vehicle_id, at in after.items() if vehicle_id in before)


def _times(vehicles: dict[int, dict]) -> dict[int, int]:
    return {vehicle_id: row["ts"] for vehicle_id, row in vehicles.items()}


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
