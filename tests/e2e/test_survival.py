"""Programs of the running product are killed: it says so, comes back by itself, and has lost nothing."""

from __future__ import annotations

import pytest

from tests.e2e.product import FLEET, eventually
from tests.e2e.world import STANDING

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

WELL_AGAIN_S = 30.0


class TestKilledProgram:
    def test_is_missed_and_replaced(self, product):
        for name in ("erp worker", "erp gateway"):
            product.program(name).suspend()
        sick = eventually(lambda: len(product.health().get("reasons", ())) >= 2 and product.health(), within_s=30)

        for name in ("erp worker", "erp gateway"):
            product.kill(name)

        assert sick["status"] == "degraded"
        assert any(reason.startswith("The worker has been silent") for reason in sick["reasons"])
        assert any(reason.startswith("The gateway has been silent") for reason in sick["reasons"])
        eventually(product.is_well, within_s=WELL_AGAIN_S, saying=product.health)

    def test_does_not_make_an_order_go_twice_or_get_lost(self, product, api, world):
        vehicle = STANDING[0]
        vehicle_id = api.vehicle_id(vehicle)
        before = len(world.commands(vehicle))

        job = api.lock(vehicle_id)
        product.kill("erp worker")
        verdict = api.verdict(vehicle_id, job)

        assert verdict["result"] == "success"
        assert [command["speed_kmh"] for command in world.commands(vehicle)[before:]] == [0]
        assert world.truth(vehicle)["relay_on"] is True
        api.release(vehicle_id)


class TestKilledWeb:
    def test_comes_back_and_the_board_goes_on_by_itself(self, product, screen):
        operator = screen("operator")
        operator.open_board()
        operator.page.wait_for_load_state("networkidle")
        operator.page.evaluate("window.wasNeverReloaded = true")
        operator.loses_connections = True
        epoch, before = operator.place()[0], operator.fixes()

        product.kill("gunicorn")
        eventually(product.is_well, within_s=WELL_AGAIN_S, saying=product.health)

        eventually(lambda: _moved(operator.fixes(), before) >= FLEET * 0.9, within_s=40, saying=operator.fixes)
        operator.wait_until_live()
        assert operator.page.evaluate("window.wasNeverReloaded")
        assert operator.place()[0] == epoch


class TestEveryPoint:
    def test_that_came_in_was_stored_or_a_duplicate_or_refused(self, api):
        intake = api.intake()

        assert len(intake) >= FLEET
        for counts in intake.values():
            accounted = counts["stored_count"] + counts["duplicate_count"] + counts["refused_count"]
            assert counts["received_count"] == accounted, counts


def _moved(after: dict[int, int], before: dict[int, int]) -> int:
    return sum(at > before.get(vehicle_id, at) for vehicle_id, at in after.items())
