"""How far a value may go before it is not believed, and from where on a detector speaks: by class of vehicle.

The defaults stand here; an installation says otherwise in the file that `ERP_LIMITS_FILE` names:

    [limits.default]          # of the filters, for every class
    speed_kmh = 220
    [limits.truck]            # and for one class
    speed_kmh = 140
    [thresholds.van]          # of the detectors
    overspeed_kmh = 110
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from core.errors import ConfigurationError

CLASSES = ("car", "van", "truck", "bus", "motorcycle")
DEFAULT_CLASS = "car"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the filters. Sources: protocol facts on plausible OBD values; oddities of real recordings."""

    future_s: float = 300.0
    past_s: float = 365 * 86_400.0
    speed_kmh: float = 250.0
    jump_kmh: float = 200.0
    jump_m: float = 250.0
    jump_memory_s: float = 600.0
    hdop: float = 20.0
    satellites: int = 3
    rpm: float = 9000.0
    fuel_rate_lph: float = 150.0
    engine_temp_low_c: float = -50.0
    engine_temp_high_c: float = 180.0
    voltage_v: float = 60.0

    @property
    def jump_memory(self) -> timedelta:
        """How long the last believed place says something about the next."""
        return timedelta(seconds=self.jump_memory_s)


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the detectors. Speeds in km/h, times in s, distances in m, accelerations in m/s², levels in %, volts in V."""

    moving_kmh: float = 5.0
    still_m: float = 30.0
    stop_after_s: float = 180.0
    stop_radius_m: float = 80.0
    trip_min_m: float = 200.0
    gap_s: float = 900.0
    overspeed_kmh: float = 130.0
    overspeed_for_s: float = 10.0
    overspeed_release_kmh: float = 5.0
    harsh_acceleration_mps2: float = 3.0
    harsh_braking_mps2: float = 3.5
    harsh_min_kmh: float = 15.0
    harsh_within_s: float = 6.0
    idling_after_s: float = 300.0
    towing_m: float = 150.0
    towing_for_s: float = 30.0
    silence_after_s: float = 900.0
    unplugged_below_v: float = 6.0
    fuel_drop_pct: float = 10.0
    fuel_fill_pct: float = 15.0
    fuel_within_s: float = 600.0
    fuel_settle_s: float = 60.0
    fence_margin_m: float = 30.0
    fence_settle_s: float = 180.0
    odometer_rollback_m: float = 1000.0
    odometer_tolerance_m: float = 2000.0


# What a class of vehicle does differently from a car.
_LIMITS: Mapping[str, Mapping[str, float]] = {
    "truck": {"speed_kmh": 160.0, "rpm": 4000.0, "fuel_rate_lph": 250.0},
    "bus": {"speed_kmh": 160.0, "rpm": 5000.0, "fuel_rate_lph": 250.0},
    "motorcycle": {"speed_kmh": 300.0, "jump_kmh": 250.0, "rpm": 16_000.0},
}
_THRESHOLDS: Mapping[str, Mapping[str, float]] = {
    "van": {"overspeed_kmh": 120.0},
    "truck": {"overspeed_kmh": 90.0, "harsh_acceleration_mps2": 2.0, "harsh_braking_mps2": 2.5},
    "bus": {"overspeed_kmh": 100.0, "harsh_acceleration_mps2": 2.0, "harsh_braking_mps2": 2.5},
    "motorcycle": {"harsh_acceleration_mps2": 4.5, "harsh_braking_mps2": 5.0},
}


def limits_for(raw_retention_days: int, said: Mapping[str, Any] | None = None) -> Mapping[str, Limits]:
    """The limits of each class in an installation that keeps raw points so many days: older has no place to go.

    `said` is the content of its limits file. Raises ConfigurationError naming what it does not know.
    """
    kept_s = raw_retention_days * 86_400.0
    merged = _merge("limits", _LIMITS, said, Limits)
    return {name: msgspec.structs.replace(limits, past_s=min(limits.past_s, kept_s)) for name, limits in merged.items()}


def thresholds_for(said: Mapping[str, Any] | None = None) -> Mapping[str, Thresholds]:
    """The thresholds of each class. `said` is the content of the limits file. Raises ConfigurationError."""
    return _merge("thresholds", _THRESHOLDS, said, Thresholds)


T = TypeVar("T", Limits, Thresholds)


def _merge(
    section: str, ours: Mapping[str, Mapping[str, float]], said: Mapping[str, Any] | None, kind: type[T]
) -> Mapping[str, T]:
    theirs: Mapping[str, Any] = (said or {}).get(section, {})
    if unknown := set(theirs) - {"default", *CLASSES}:
        known = ", ".join(("default", *CLASSES))
        raise ConfigurationError(f"The limits file has [{section}.{min(unknown)}]; the classes are {known}.")
    merged = {}
    for name in CLASSES:
        values = {**ours.get(name, {}), **theirs.get("default", {}), **theirs.get(name, {})}
        try:
            merged[name] = msgspec.convert(values, kind)
        except msgspec.ValidationError as problem:
            raise ConfigurationError(f"The limits file, [{section}.{name}] or its default: {problem}.") from None
    return merged


# Of an installation that says nothing of its own.
LIMITS = limits_for(7)
THRESHOLDS = thresholds_for()
