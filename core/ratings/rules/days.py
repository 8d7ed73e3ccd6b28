"""Which days a rating is about."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.ratings.rules.computing import WINDOW_DAYS

# Trackers send what they kept over night; before that hour the day before is not known well enough.
BEGINS = timedelta(hours=3)


def rating_day(at: datetime, time_zone: str) -> date:
    """The day whose rating is due at a moment; it changes at three in the morning by the clock of the park."""
    return (at.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None) - BEGINS).date()


def window_of(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """From when until when the rating of a day looks: the 28 whole days of the park before it."""
    zone = ZoneInfo(time_zone)
    since = datetime.combine(day - timedelta(days=WINDOW_DAYS), time(), tzinfo=zone)
    return since, datetime.combine(day, time(), tzinfo=zone)
