"""What a point may carry beside its fields: JSON that can be written down and read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_LEVELS = 16
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1


def find_unstorable(extra: Mapping[str, Any]) -> str | None:
    """What of `extra` cannot be stored, in words; None: all of it can. Looks at one level after the other, since what
    is nested without end must not be followed by calls nested without end.
    """
    level: list[Any] = [extra]
    for _ in range(MOST_LEVELS):
        values = [value for part in level for value in (part.values() if isinstance(part, Mapping) else part)]
        for value in values:
            if isinstance(value, int) and not _LOWEST <= value <= _HIGHEST:
                return "extra holds a whole number of more than 64 bits; send it as text."
        level = [value for value in values if isinstance(value, (Mapping, list))]
        if not level:
            return None
    return f"extra is nested more than {MOST_LEVELS} levels deep; send it flat."
