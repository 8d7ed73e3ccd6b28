"""The client of docs/api against the whole product: an order goes out to a vehicle and its verdict comes back."""

from __future__ import annotations

import immobilize
import pytest
from fleet_client import Fleet

from tests.e2e.world import STANDING

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]
VEHICLE = STANDING[2]


class TestTheClient:
    def test_locks_a_vehicle_follows_that_it_was_locked_and_releases_it(self, product, api, world, monkeypatch, capsys):
        logins = product.demo()["oauth_client"]
        environment = {
            "URL": product.base_url,
            "CLIENT_ID": logins["client_id"],
            "CLIENT_SECRET": logins["client_secret"],
        }
        for name, value in environment.items():
            monkeypatch.setenv(f"FLEET_{name}", value)
        vehicle_id = api.vehicle_id(VEHICLE)
        with Fleet.from_environment() as fleet:
            cursor = fleet.cursor()
            assert immobilize.main(vehicle_id, "theft", break_glass=True, within_s=40) == 0
            assert "immobilized" in capsys.readouterr().out
            assert world.truth(VEHICLE)["relay_on"] is True
            changes, _ = fleet.changes_after(cursor, names=["access.job_finished"])
            assert vehicle_id in {one for change in changes for one in change.vehicle_ids}
            assert fleet.wait_for(fleet.release(vehicle_id), within_s=40).result == "success"
        assert world.truth(VEHICLE)["relay_on"] is False
