"""Moments, days and ranges of time as they stand in an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from msgspec import Meta

from core.errors import Invalid

# What a shape says of a moment in an address.
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-11-24T08:00:00Z"])]
EXAMPLE = "2026-11-24T08:00:00Z"
LONGEST = timedelta(days=31)
# PostgreSQL takes no offset that is further from UTC.
_FURTHEST = timedelta(hours=16)
_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` to before `until`."""

    since: datetime
    until: datetime


def make_range(since: datetime | None, until: datetime | None, *, longest: timedelta = LONGEST) -> Range:
    """The range between `from` and `to`. Raises Invalid when one is missing, in the wrong order or too far."""
    if since is None or until is None:
        missing = "from" if since is None else "to"
        raise Invalid(f"{missing}: say when, as {EXAMPLE}.", fields={missing: "Needed."})
    if until <= since:
        raise Invalid("to: is not after from.", fields={"to": "Later than from."})
    if until - since > longest:
        raise Invalid(
            f"to: the range is longer than {longest.days} days. Ask for it in several parts.",
            fields={"to": f"At most {longest.days} days after from."},
        )
    return Range(since, until)


def parse_moment(text: str, *, name: str) -> datetime:
    """A moment with its offset, as 2026-11-24T08:00:00Z. Raises Invalid, naming the parameter."""
    try:
        if not _RFC_3339.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text)
        # Out of what a database holds, and of what can be turned into another zone.
        if not 1970 <= moment.year <= 9000 or not is_storable(moment):
            raise ValueError(text)
    except ValueError:
        plus = " In an address a + is written %2B." if " " in text else ""
        raise Invalid(
            f"{name}: {text!r} is not a moment with its offset. Write {EXAMPLE}.{plus}",
            fields={name: f"As {EXAMPLE}."},
        ) from None
    return moment


def is_storable(moment: datetime) -> bool:
    """Whether a database takes it and gives it back: an offset of this Earth, a year in UTC from 1 to 9999."""
    offset = moment.utcoffset()
    if offset is None or abs(offset) >= _FURTHEST:
        return False
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True


def is_unstorable_text(text: str) -> bool:
    """Whether a text is a moment in the form of RFC 3339 that no database takes."""
    if len(text) < len(EXAMPLE) or text[10] != "T" or not _RFC_3339.fullmatch(text):
        return False
    try:
        return not is_storable(datetime.fromisoformat(text))
    except ValueError:
        return False  # no moment at all: the shape says so


def parse_day(text: str, *, name: str) -> date:
    """A day as 2026-11-24. Raises Invalid, naming the parameter."""
    try:
        if len(text) != len("2026-11-24"):
            raise ValueError(text)
        day = date.fromisoformat(text)
        if not 1970 <= day.year <= 9000:
            raise ValueError(text)
    except ValueError:
        raise Invalid(f"{name}: {text!r} is not a day. Write 2026-11-24.", fields={name: "As 2026-11-24."}) from None
    return day
