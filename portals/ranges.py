"""Moments, days and ranges of time as they stand in an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import request

from core.errors import Invalid

EXAMPLE = "2026-11-24T08:00:00Z"
LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` to before `until`."""

    since: datetime
    until: datetime


def asked_range(*, longest: timedelta = LONGEST) -> Range:
    """The range of `from` and `to`. Raises Invalid when one is missing, when they are in the wrong order or too far."""
    since, until = asked_moment("from"), asked_moment("to")
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


def asked_moment(name: str) -> datetime | None:
    """The moment in the parameter `name`, with its offset, or None without one. Raises Invalid for any other text."""
    text = request.args.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or "T" not in text:
            raise ValueError(text)
        # Out of what a database holds, and of what can be turned into another zone.
        if not 1970 <= moment.year <= 9000:
            raise ValueError(text)
    except ValueError:
        plus = " In an address a + is written %2B." if " " in text else ""
        raise Invalid(
            f"{name}: {text!r} is not a moment with its offset. Write {EXAMPLE}.{plus}",
            fields={name: f"As {EXAMPLE}."},
        ) from None
    return moment


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


def asked_yes(name: str) -> bool:
    """Whether the parameter `name` says true. Raises Invalid unless it is true, false or left out."""
    text = request.args.get(name, "false")
    if text not in {"true", "false"}:
        raise Invalid(f"{name}: {text!r} is neither true nor false.", fields={name: "true or false."})
    return text == "true"
