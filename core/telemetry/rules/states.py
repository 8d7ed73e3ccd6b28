"""What the latest state of a vehicle becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.telemetry.schemas import Point


def advance(
    state: Mapping[str, Any] | None, points: Iterable[Point], *, received_at: datetime
) -> dict[str, Any] | None:
    """The latest state after `points` of one vehicle, or None when all of them are older than it.

    A late point never moves the state backwards. What a later point does not report keeps its last known
    value, except the error codes, which are the device's whole list each time.
    """
    ordered = sorted(points, key=lambda point: point.ts)
    known_ts = state["ts"] if state else None
    new = [point for point in ordered if known_ts is None or point.ts > known_ts]
    if not new:
        return None
    merged: dict[str, Any] = dict(state) if state else {"fix_ts": None, "standing_since": None}
    for point in new:
        _merge(merged, point, received_at)
    merged["received_at"] = received_at
    return merged


def _merge(state: dict[str, Any], point: Point, received_at: datetime) -> None:
    state["ts"] = point.ts
    for name in _CARRIED:
        value = getattr(point, name)
        if value is not None:
            state[name] = value
    if point.lat is not None:
        state["fix_ts"] = point.ts
    if point.relay_on is not None:
        state["relay_ts"], state["relay_received_at"] = point.ts, received_at
    state["dtc"] = list(point.dtc)
    state["extra"] = {**(state.get("extra") or {}), **point.extra} or None
    if not is_standing(point.speed_kmh, state.get("ignition")):
        state["standing_since"] = None
    elif state.get("standing_since") is None:
        state["standing_since"] = point.ts


_CARRIED = (
    "lat",
    "lon",
    "altitude_m",
    "speed_kmh",
    "course_deg",
    "satellites",
    "hdop",
    "ignition",
    "odometer_m",
    "fuel_pct",
    "fuel_rate_lph",
    "rpm",
    "engine_temp_c",
    "voltage_v",
    "outputs",
    "relay_on",
    "driver_key",
)


def is_standing(speed_kmh: float | None, ignition: bool | None) -> bool:
    """Whether a report says that the vehicle stands with its engine off. An unknown speed is not standing.

    A device that does not report ignition is taken by its speed alone.
    """
    return speed_kmh == 0 and ignition is not True


def is_relay_on(outputs: int | None, *, relay_output: int, relay_inverted: bool) -> bool | None:
    """Whether the immobilizer holds, from the mask of outputs (bit 0 = output 1); None when not reported."""
    if outputs is None:
        return None
    return bool(outputs >> (relay_output - 1) & 1) is not relay_inverted
