"""A place in the event log as a cursor, for the API and the pages."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from core.errors import Invalid
from core.events.queries import LogPlace
from portals.ranges import is_storable


def as_cursor(place: LogPlace) -> str:
    """A place in the log as text that is nobody's business."""
    return base64.urlsafe_b64encode(f"log:{place.happened_at.isoformat()}|{place.source}|{place.key}".encode()).decode()


def as_place(cursor: str) -> LogPlace | None:
    """The place that a cursor stands for; None for the first page. Raises Invalid."""
    if not cursor:
        return None
    try:
        kind, _, text = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        moment, source, key = text.split("|")
        place = LogPlace(datetime.fromisoformat(moment), source, key)
        if kind != "log" or not is_storable(place.happened_at) or "\0" in key:
            raise ValueError(kind)
    except (ValueError, binascii.Error) as error:
        raise Invalid(
            "cursor: not one of ours. Use next_cursor of the page before, or leave it out for the first page.",
            fields={"cursor": "Not one of ours."},
        ) from error
    return place
