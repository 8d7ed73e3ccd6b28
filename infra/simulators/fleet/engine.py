"""What the vehicle's own bus says: revolutions, temperature, fuel, voltage, trouble codes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

AMBIENT_C = 16.0
WARM_C = 90.0
GEAR_UP_KMH = (15.0, 28.0, 42.0, 55.0, 999.0)
RPM_PER_KMH = (125.0, 72.0, 50.0, 39.0, 32.0)
TROUBLE_CODES = ("P0171", "P0301", "P0420", "P0442", "P0128", "U0100", "C0035", "P0562")
TROUBLE_PER_HOUR = 0.03
CLEARED_PER_HOUR = 0.5


@dataclass(frozen=True, slots=True)
class Powertrain:
    """How a kind of vehicle burns: `idle_lph` at rest, `per_kmh` litres an hour per km/h, `tank_l`.

    An electric one counts kWh instead of litres, and reports neither revolutions nor a fuel rate.
    """

    idle_lph: float
    per_kmh: float
    per_effort: float
    tank_l: float
    fill_per_minute: float
    has_engine: bool = True


POWERTRAINS = {
    "ice": Powertrain(0.8, 0.062, 0.22, 50.0, 12.0),
    "hybrid": Powertrain(0.15, 0.040, 0.10, 43.0, 12.0),
    "electric": Powertrain(0.9, 0.150, 0.25, 60.0, 1.6, has_engine=False),
}


@dataclass(frozen=True, slots=True)
class BusReading:
    """One look at the bus. None: not reported by this vehicle. An electric one counts its battery as fuel."""

    rpm: int | None
    temp_c: float
    fuel_pct: float
    fuel_rate_lph: float | None
    voltage_v: float
    dtc: tuple[str, ...]


class Engine:
    """State that changes by the second: level, warmth, consumption, trouble."""

    def __init__(self, powertrain: Powertrain, rng: Random, *, warm: bool) -> None:
        self.powertrain = powertrain
        self._rng = rng
        self.running = False
        self.fuel_pct = rng.uniform(30, 98)
        self._temp_c = WARM_C if warm else rng.uniform(AMBIENT_C, 60)
        self._rate = 0.0
        self._speed_kmh = 0.0
        self.dtc: tuple[str, ...] = (rng.choice(TROUBLE_CODES),) if rng.random() < 0.02 else ()

    def run(self, *, speed_ms: float, acceleration_ms2: float) -> None:
        """One second with the engine running."""
        kind = self.powertrain
        self.running = True
        self._speed_kmh = speed_ms * 3.6
        effort = max(0.0, acceleration_ms2) * speed_ms
        self._rate = kind.idle_lph + kind.per_kmh * self._speed_kmh + kind.per_effort * effort
        self.fuel_pct = max(2.0, self.fuel_pct - 100 * self._rate / kind.tank_l / 3600)
        self._temp_c += (WARM_C - self._temp_c) / 240
        self._have_trouble()

    def rest(self) -> None:
        """One second with the engine off."""
        self.running = False
        self._speed_kmh = self._rate = 0.0
        self._temp_c += (AMBIENT_C - self._temp_c) / 3600

    def fill(self) -> bool:
        """One second at the pump or charger. True when full."""
        self.fuel_pct = min(100.0, self.fuel_pct + self.powertrain.fill_per_minute / 60)
        return self.fuel_pct >= 96.0

    def read(self) -> BusReading:
        """What the bus says now, with the noise that sensors have."""
        noise = self._rng.uniform(-1, 1)
        kind = self.powertrain
        return BusReading(
            rpm=self._rpm(noise) if kind.has_engine else None,
            temp_c=round(self._temp_c + noise * 0.4, 1),
            fuel_pct=round(min(100.0, max(0.0, self.fuel_pct + noise * 0.2)), 1),
            fuel_rate_lph=round(self._rate * (1 + noise * 0.05), 2) if kind.has_engine else None,
            voltage_v=round((13.9 if self.running else 12.5) + noise * 0.12, 2),
            dtc=self.dtc,
        )

    def _rpm(self, noise: float) -> int:
        if not self.running:
            return 0
        gear = next(i for i, up_to in enumerate(GEAR_UP_KMH) if self._speed_kmh < up_to)
        return round(max(760.0, self._speed_kmh * RPM_PER_KMH[gear]) + noise * 25)

    def _have_trouble(self) -> None:
        chance = self._rng.random() * 3600
        if self.dtc and chance < CLEARED_PER_HOUR:
            self.dtc = ()
        elif len(self.dtc) < 2 and chance > 3600 - TROUBLE_PER_HOUR:
            self.dtc = tuple(sorted({*self.dtc, self._rng.choice(TROUBLE_CODES)}))
