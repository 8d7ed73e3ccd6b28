"""Settings of the simulators, from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """`home` is ERP_HOME; `seed`, ERP_FLEET_SEED, makes a new fleet do the same things again."""

    home: Path
    seed: int

    @property
    def fleet_file(self) -> Path:
        """Written by the product: who is in the fleet."""
        return self.home / "fleet.json"

    @property
    def memory_file(self) -> Path:
        """Written by the simulators: where everyone is."""
        return self.home / "fleet_state.json"


def from_environment() -> Settings:
    """Raises ValueError, naming the setting, when it makes no sense."""
    seed = os.environ.get("ERP_FLEET_SEED", "1")
    if not seed.isdecimal():
        raise ValueError(f"ERP_FLEET_SEED is {seed!r}; it must be a whole number.")
    return Settings(home=Path(os.environ.get("ERP_HOME", "var")), seed=int(seed))
