"""The truth about the simulated vehicles, from the simulator itself and not from the product."""

from __future__ import annotations

from typing import Any

import httpx

from tests.e2e.product import FLEET, Product

# Spares of the simulated fleet: parked for hours.
STANDING = ("SIM-004", "SIM-014", "SIM-024")
DRIVERS_VEHICLE = "SIM-017"


class World:
    """What really is."""

    def __init__(self, product: Product) -> None:
        self._http = httpx.Client(base_url=product.demo()["wialon_simulator"]["base_url"], trust_env=False)

    def truth(self, name: str) -> dict[str, Any]:
        return self._http.get(f"/sim/units/{_unit_id(name)}").json()

    def commands(self, name: str) -> list[dict[str, Any]]:
        """Every command that reached this vehicle, with its true speed at that moment."""
        done = self._http.get("/sim/commands").json()["commands"]
        return [command for command in done if command["unit_id"] == _unit_id(name)]

    def moving(self) -> str:
        """The vehicle that is fastest now."""
        names = [f"SIM-{number:03d}" for number in range(1, FLEET + 1)]
        return max(names, key=lambda name: self.truth(name)["speed_kmh"])


def _unit_id(name: str) -> int:
    return 10_000 + int(name.removeprefix("SIM-"))
