"""What the latest state of a vehicle becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from core.telemetry.schemas import Point

EXTRA_KEPT = 128
"""So many names of `extra` are carried in a state: a device that invents names cannot make it grow for ever."""


def advance(
    state: Mapping[str, Any] | None, points: Iterable[Point], *, received_at: datetime
) -> dict[str, Any] | None:
    """The latest state after `points` of one vehicle, or None when all of them are older than it.

    A late point never moves the state backwards. What a later point does not report keeps its last known value.
    """
    known_ts = state["ts"] if state else None
    new = [point for point in points if known_ts is None or point.ts > known_ts]
    if not new:
        return None
    new.sort(key=_moment)
    merged: dict[str, Any] = dict(state) if state else {"fix_ts": None, "standing_since": None}
    merged["standing_since"] = _standing_since(merged, new)
    _carry(merged, new, received_at)
    merged["ts"], merged["received_at"] = new[-1].ts, received_at
    return merged


_moment = attrgetter("ts")


def _standing_since(state: Mapping[str, Any], points: Sequence[Point]) -> datetime | None:
    since: datetime | None = state.get("standing_since")
    ignition = state.get("ignition")
    for point in points:
        ignition = ignition if point.ignition is None else point.ignition
        if not is_standing(point.speed_kmh, ignition):
            since = None
        elif since is None:
            since = point.ts
    return since


def _carry(state: dict[str, Any], points: Sequence[Point], received_at: datetime) -> None:
    """The last known value of everything. From the newest back: most points report most things."""
    missing: Sequence[str] = _CARRIED
    for point in reversed(points):
        left = []
        for name in missing:
            value = getattr(point, name)
            if value is None:
                left.append(name)
                continue
            state[name] = list(value) if name == "dtc" else value
            if name == "lat":
                state["fix_ts"] = point.ts
            elif name == "relay_on":
                state["relay_ts"], state["relay_received_at"] = point.ts, received_at
        if not left:
            break
        missing = left
    if extras := [point.extra for point in points if point.extra]:
        state["extra"] = _merge_extras([state.get("extra") or {}, *extras])


def _merge_extras(extras: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The last said of every name; of too many names, those said last."""
    merged: dict[str, Any] = {}
    for extra in reversed(extras):
        for name, value in extra.items():
            if name not in merged and len(merged) < EXTRA_KEPT:
                merged[name] = value
    return merged


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
    "dtc",
    "outputs",
    "relay_on",
    "driver_key",
)


def is_standing(speed_kmh: float | None, ignition: bool | None) -> bool:
    """Whether a report says that the vehicle stands with its engine off. An unknown speed is not standing.

    A device that does not report ignition is taken by its speed alone.
    """
    return speed_kmh == 0 and ignition is not True


def is_relay_on(
    outputs: int | None, *, relay_output: int, relay_inverted: bool, known: int | None = None
) -> bool | None:
    """Whether the immobilizer holds, from the mask of outputs (bit 0 = output 1); None when not reported.

    `known` is the mask of the outputs that were reported at all; None: all of them. An output that was not is no proof.
    """
    if outputs is None or (known is not None and not known >> (relay_output - 1) & 1):
        return None
    return bool(outputs >> (relay_output - 1) & 1) is not relay_inverted
