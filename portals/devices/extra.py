"""What of a report has no field of its own, kept within bounds, whoever sends it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

COUNT = 64
TEXT_LENGTH = 255
NAME_LENGTH = 64
LEFT_OUT = "left_out"
"""Key in extra that counts what was too much to keep."""


def bounded(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The first 64 values, texts cut at 255 characters, lists at 16 items; what is left out is counted.

    Left out are names longer than 64 characters, whole numbers beyond 64 bits and what is nested.
    """
    kept: dict[str, Any] = {}
    left_out = 0
    for name, value in items:
        small = _small(value)
        if small is None or not 0 < len(name) <= NAME_LENGTH or len(kept) >= COUNT:
            left_out += value is not None
        else:
            kept[name] = small
    return {**kept, LEFT_OUT: left_out} if left_out else kept


def _small(value: Any) -> Any:
    """The value, cut, or None when it is not kept."""
    if isinstance(value, str):
        return value[:TEXT_LENGTH]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return None
    if isinstance(value, list):
        items = [_small(item) for item in value[:16] if not isinstance(item, list)]
        return [item for item in items if item is not None] or None
    return value if isinstance(value, (bool, int, float)) else None
