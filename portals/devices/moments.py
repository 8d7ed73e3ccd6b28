"""The moment of a report, as the protocols that come by HTTP write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from portals.devices.faults import Malformed

# From this number on it is milliseconds: as seconds it would be the year 2038 (Traccar, OsmAndProtocolDecoder).
_MILLISECONDS_FROM = 2_147_483_647
_UNIX = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)
_WANTED = "send Unix seconds or milliseconds, ISO 8601, or YYYY-MM-DD HH:MM:SS in UTC."


def read_moment(text: str, name: str) -> datetime:
    """Unix seconds or milliseconds, ISO 8601, or a date and time that stand for UTC."""
    try:
        if _UNIX.fullmatch(text):
            value = float(text)
            return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
        # The plus of an offset arrives as a space from a sender that did not escape it.
        moment = datetime.fromisoformat(re.sub(r"(T.*) (?=\d\d:?\d\d$)", r"\1+", text))
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"{name} is {text[:40]!r}; {_WANTED}") from None
    if len(text) < len("YYYY-MM-DDTHH:MM:SS"):
        raise Malformed(f"{name} is {text[:40]!r}; {_WANTED}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
