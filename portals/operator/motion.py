"""What a vehicle is doing, in words, from its latest state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

SILENT_AFTER = timedelta(minutes=10)


def say_motion(state: dict[str, Any] | None, *, at: datetime) -> str:
    """What the vehicle does, or did when it was last heard; its age is to be shown beside it.

    Any speed above zero counts as moving: this is read by people who decide whether to lock.
    """
    if state is None:
        return "Never heard of"
    silent = at - state["ts"] > SILENT_AFTER
    return f"Silent, last: {_doing(state).lower()}" if silent else _doing(state)


def _doing(state: dict[str, Any]) -> str:
    speed_kmh, ignition = state["speed_kmh"], state["ignition"]
    if speed_kmh is None:
        return "Speed not reported"
    if speed_kmh > 0:
        return f"Moving at {max(speed_kmh, 1):.0f} km/h"
    if ignition is None:
        return "Standing, ignition not reported"
    return "Standing, ignition on" if ignition else "Standing, ignition off"
