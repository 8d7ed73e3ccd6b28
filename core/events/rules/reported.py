"""What devices say by themselves in `extra`, in the words of their makers.

`green_driving` 1 acceleration, 2 braking, 3 cornering, or these words, and `unplug` 1 or 0: Teltonika, AVL ids 253
and 252.
`alarm`: Traccar's words, several joined by a comma.
"""

from __future__ import annotations

from typing import Any

_GREEN_DRIVING: dict[object, str] = {
    1: "harsh_acceleration",
    2: "harsh_braking",
    3: "harsh_cornering",
    "acceleration": "harsh_acceleration",
    "braking": "harsh_braking",
    "cornering": "harsh_cornering",
}
_ALARMS = {
    "hardAcceleration": "harsh_acceleration",
    "hardBraking": "harsh_braking",
    "hardCornering": "harsh_cornering",
}


def harsh(extra: dict[str, Any]) -> str | None:
    """The kind of harsh driving that the device reports with this point, or None."""
    code = extra.get("green_driving")
    if code is not None:
        return _GREEN_DRIVING.get(code) if isinstance(code, int | str) else None
    return next((_ALARMS[word] for word in _alarms(extra) if word in _ALARMS), None)


def unplugged(extra: dict[str, Any]) -> bool | None:
    """Whether the device reports to have lost its supply; None when it says nothing of it."""
    code = extra.get("unplug")
    if code is not None:
        return bool(code)
    words = _alarms(extra)
    if "powerCut" in words:
        return True
    return False if "powerRestored" in words else None


def _alarms(extra: dict[str, Any]) -> list[str]:
    alarm = extra.get("alarm")
    return alarm.split(",") if isinstance(alarm, str) else []
