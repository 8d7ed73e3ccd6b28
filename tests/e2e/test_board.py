"""The operator's board over the real stream of a driving fleet, on a good line and on one that breaks."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime

import pytest

from tests.e2e.product import FLEET, eventually

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

AWAY_S = 10.0

# Whether the map shows another picture although nothing has been heard since the last look.
MOVED_WITHOUT_NEWS = """() => {
  const picture = document.querySelector("[data-board=overlay]").toDataURL(), last = window.lastLook;
  window.lastLook = { picture, offset: erpBoard.offset };
  return last && last.offset === erpBoard.offset && last.picture !== picture;
}"""


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

        operator.page.wait_for_function(MOVED_WITHOUT_NEWS, polling=100)

    def test_is_told_what_changed_of_a_vehicle_and_nothing_else(self, screen):
        operator = screen("operator")
        operator.open_board()
        before = operator.fixes()

        eventually(lambda: _newer(operator.fixes(), before) >= FLEET / 2, within_s=20, saying=operator.fixes)

        differences = _differences(operator.heard)
        assert {"name", "plate", "driver", "park"}.isdisjoint(set().union(*differences))
        assert all(row["name"] and "lock" in row for row in operator.vehicles().values())

    def test_is_what_an_operator_finds_after_signing_in(self, screen, product):
        stranger = screen(None)

        stranger.sign_in(product.demo()["users"]["operator"])

        assert stranger.page.url == f"{product.base_url}/operator/"


class TestBrokenLine:
    def test_costs_the_board_nothing_of_what_happened_meanwhile(self, screen, line, api):
        operator = screen("operator", base_url=line.base_url)
        operator.open_board()
        vehicle_id = api.vehicle_id("SIM-024")

        operator.page.wait_for_load_state("networkidle")

        operator.loses_connections = True
        line.cut()
        operator.context.set_offline(True)
        epoch, offset = operator.place()
        before, heard = operator.vehicles(), len(operator.heard)
        cut_at = time.monotonic()
        job = api.lock(vehicle_id)
        assert api.verdict(vehicle_id, job)["result"] == "success"
        operator.page.wait_for_timeout(max(0.0, AWAY_S - (time.monotonic() - cut_at)) * 1000)
        truth = {known: _milliseconds(api.newest(known)["ts"]) for known, row in before.items() if row["ts"]}
        assert operator.place() == (epoch, offset), "the line was not cut"

        line.mend()
        operator.context.set_offline(False)
        operator.wait_until_live()

        after = operator.vehicles()
        assert {known for known in truth if after[known]["ts"] < truth[known]} == set()
        assert after[vehicle_id]["relay_on"] is True
        assert _newer(_times(after), _times(before)) >= FLEET * 0.9
        told = [text for text in operator.changes() if "SIM-024" in text]
        assert [" ".join(text.split()[:3]) for text in reversed(told)] == [
            "SIM-024: immobilization ordered",
            "SIM-024: immobilization confirmed.",
        ]
        assert operator.place()[0] == epoch
        # Of a process that saw it leave, what changed; of the other one everything. Both know what it missed.
        back = operator.heard[heard]
        assert back["type"] in {"delta", "snapshot"}
        assert {fact["name"] for fact in back["facts"]} >= {"access.job_ordered", "access.job_finished"}
        assert "snapshot" not in {message["type"] for message in operator.heard[heard + 1 :]}
        api.release(vehicle_id)


def _differences(heard: list[dict]) -> list[dict]:
    """The rows of the deltas that were heard after the first message."""
    return [row for message in heard[1:] if message["type"] == "delta" for row in message["vehicles"]]


def _newer(after: dict[int, int], before: dict[int, int]) -> int:
    """How many vehicles have a newer fix than before."""
    return sum(at > before.get(vehicle_id, at) for vehicle_id, at in after.items())


def _times(vehicles: dict[int, dict]) -> dict[int, int]:
    return {vehicle_id: row["ts"] for vehicle_id, row in vehicles.items() if row["ts"]}


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
