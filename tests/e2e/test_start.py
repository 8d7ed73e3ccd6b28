"""What somebody finds who has just started the product."""

from __future__ import annotations

import re
import stat

import pytest

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]


class TestReadyProduct:
    def test_wrote_every_login_to_a_file_that_only_its_owner_may_read(self, product):
        file = product.home / "demo.json"

        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((product.home / "fleet.json").stat().st_mode) == 0o600

    def test_promises_the_same_keys_to_every_program_that_reads_them(self, product):
        demo = product.demo()

        simulators = {"wialon_simulator", "traccar_simulator", "teltonika_simulator"}
        assert set(demo) == {"base_url", "users", "oauth_client", "devices"} | simulators
        assert set(demo["users"]) >= {"admin", "operator", "driver", "investor"}
        assert all(set(user) == {"email", "password"} for user in demo["users"].values())
        assert set(demo["oauth_client"]) == {"client_id", "client_secret"}
        assert demo["devices"] == {
            "wialon_ips": {"host": "127.0.0.1", "port": product.port + 1},
            "teltonika": {"host": "127.0.0.1", "port": product.port + 4},
        }
        assert demo["wialon_simulator"] == {"base_url": f"http://127.0.0.1:{product.port + 2}"}
        assert demo["traccar_simulator"] == {"base_url": f"http://127.0.0.1:{product.port + 5}"}
        assert demo["teltonika_simulator"] == {"base_url": f"http://127.0.0.1:{product.port + 6}"}
        assert demo["base_url"] == product.public_url

    def test_shows_address_and_logins_on_the_console(self, product):
        console = product.console()

        assert product.public_url in console
        assert all(user["password"] in console for user in product.demo()["users"].values())

    def test_says_that_it_is_well(self, product):
        health = product.health()

        assert set(health) == {"status", "uptime", "lag_ms"}
        assert health["status"] == "ok"
        assert re.fullmatch(r"(\d+h)?\d+m(\d+s)?", health["uptime"])
        assert 0 <= health["lag_ms"] < 5_000
