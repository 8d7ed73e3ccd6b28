"""Until when things are put off: a few words, meant by the clock of whoever says them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(8)
SNOOZES: Mapping[str, str] = {
    "hour": "For an hour",
    "four_hours": "For four hours",
    "morning": "Until tomorrow, 8:00",
    "monday": "Until Monday, 8:00",
    "week": "For a week",
    "month": "For 30 days",
}
_LENGTHS: Mapping[str, timedelta] = {
    "hour": timedelta(hours=1),
    "four_hours": timedelta(hours=4),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}


def end_of_snooze(choice: str, *, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment that is meant, or None when the choice is none of these."""
    if choice in _LENGTHS:
        return at + _LENGTHS[choice]
    today = at.astimezone(zone).date()
    days = {"morning": 1, "monday": 7 - today.weekday()}.get(choice)
    return None if days is None else datetime.combine(today + timedelta(days=days), MORNING, zone).astimezone(at.tzinfo)
