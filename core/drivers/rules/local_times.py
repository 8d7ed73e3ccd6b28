"""From the clock on the wall of a park to a moment, and from a weekly pattern to the days of its shifts.

Where clocks go forward an hour does not exist: what is to begin in it begins when it is over. Where they go back an
hour comes twice: the first is meant, for starts and ends alike, so that one shift ends where the next begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def to_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which the clocks of `zone` show `local` (without a zone of its own)."""
    first = local.replace(tzinfo=zone, fold=0)
    moment = first.astimezone(UTC)
    if exists(local, zone):
        return moment
    # PEP 495: in a gap, fold 0 counts by the offset before it and fold 1 by the one after it. Their difference is how
    # long the gap is; the moment it ends is found by going back to where the clocks jump.
    return _end_of_gap(local, zone)


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of `zone` ever show `local`."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


def _end_of_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks jump over `local`: the first that shows something later."""
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while late - early > timedelta(microseconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).replace(tzinfo=None) > local:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def list_days(
    *, weekdays: Collection[int], first_day: date, last_day: date | None, since: date, until: date
) -> Iterator[date]:
    """The days of a pattern from `since` to `until`, both inside. `weekdays` as in ISO 8601: Monday is 1."""
    day, end = max(first_day, since), until if last_day is None else min(last_day, until)
    while day <= end:
        if day.isoweekday() in weekdays:
            yield day
        day += timedelta(days=1)


def place_shift(day: date, *, starts: time, ends: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when until when the shift of a day is. An end that is not after the start is on the next day."""
    last = day if ends > starts else day + timedelta(days=1)
    return to_moment(datetime.combine(day, starts), zone), to_moment(datetime.combine(last, ends), zone)
