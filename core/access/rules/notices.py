"""When a driver is warned, and when the grace is over: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.rules.law import Warning


@dataclass(frozen=True, slots=True)
class Due:
    """The warning that is to be told next, numbered from 1, and when its telling may begin."""

    number: int
    at: datetime


def find_told_at(channels: Sequence[datetime], warning: Warning) -> datetime | None:
    """When a warning counts as told: when the last of the channels it needs had told it. One moment a channel."""
    told = sorted(channels)
    return told[warning.channels - 1] if len(told) >= warning.channels else None


def find_due(warnings: Sequence[Warning], told: Mapping[int, datetime], *, since: datetime) -> Due | None:
    """The next warning: the first at once, each other when only its own time is left. None: all are told.

    `told` is by number from 1; `since` is when the telling could begin.
    """
    begin = since
    for number, warning in enumerate(warnings, start=1):
        if number not in told:
            return Due(number, begin)
        later = warnings[number] if number < len(warnings) else None
        if later is not None:
            begin = told[number] + timedelta(hours=warning.hours_before - later.hours_before)
    return None


def find_grace_end(warnings: Sequence[Warning], told: Mapping[int, datetime]) -> datetime | None:
    """When the last of the graces that warnings give is over; None while one of them is not told."""
    if any(number not in told for number in range(1, len(warnings) + 1)):
        return None
    ends = [told[number] + timedelta(hours=w.hours_before) for number, w in enumerate(warnings, start=1)]
    return max(ends, default=None)
