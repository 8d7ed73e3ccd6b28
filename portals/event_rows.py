"""What was detected, in words and with its unit, and its place in a list as a cursor. For the API and the pages."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.db import Reader
from core.errors import Invalid
from core.events import queries
from core.events.queries import DetectionRecord, Place
from core.events.rules.catalog import KINDS, Severity, say
from core.permissions import Actor

# Kinds whose subject is the id of a geofence: its name is looked up.
_OF_A_FENCE = "geofence"
_FAR_M = 10_000.0


@dataclass(frozen=True, slots=True)
class EventRow:
    """A detection with its words: `title`, `sentence`, `severity`, and the value with its unit in `measured`."""

    record: DetectionRecord
    title: str
    sentence: str
    severity: Severity
    unit: str
    measured: str


def in_words(reader: Reader, viewer: Actor, records: Sequence[DetectionRecord]) -> list[EventRow]:
    """The detections with their words. A geofence is called by its name if the viewer may see it."""
    ids = {int(one.subject) for one in records if one.kind == _OF_A_FENCE and one.subject.isdecimal()}
    names = queries.list_names(reader, viewer=viewer, geofence_ids=ids) if ids else {}
    return [_row(record, names) for record in records]


def _row(record: DetectionRecord, names: dict[int, str]) -> EventRow:
    words = KINDS.get(record.kind)
    subject = record.subject
    if record.kind == _OF_A_FENCE:
        subject = names.get(int(subject), f"geofence {subject}") if subject.isdecimal() else subject
    return EventRow(
        record=record,
        title=words.title if words else record.kind,
        sentence=say(record.kind, subject),
        severity=words.severity if words else "info",
        unit=words.unit if words else "",
        measured=_measured(record),
    )


def _measured(record: DetectionRecord) -> str:
    words = KINDS.get(record.kind)
    if words is None or record.value is None or words.unit == "s":
        return ""  # seconds are how long it lasted, which stands beside it anyway
    value, unit, digits = record.value, words.unit, words.digits
    if unit == "m" and abs(value) >= _FAR_M:
        value, unit, digits = value / 1000, "km", 1
    number = f"{value:,.{digits}f}".replace(",", "\u202f")
    return f"{number}\u00a0{unit} {words.measure}"


def span(seconds: float) -> str:
    """A length of time in its two largest units: 45 s, 12 min, 3 h 5 min, 2 days 4 h."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole}\u00a0s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}\u00a0min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}\u00a0h {minutes}\u00a0min" if minutes else f"{hours}\u00a0h"
    days, hours = divmod(hours, 24)
    word = "day" if days == 1 else "days"
    return f"{days}\u00a0{word} {hours}\u00a0h" if hours else f"{days}\u00a0{word}"


def titles() -> dict[str, str]:
    """The title of every kind, in the order of the catalog."""
    return {kind: words.title for kind, words in KINDS.items()}


def as_cursor(place: Place) -> str:
    """A place in the list as text that is nobody's business."""
    return base64.urlsafe_b64encode(f"event:{place.started_at.isoformat()}|{place.id}".encode()).decode()


def as_place(cursor: str) -> Place | None:
    """The place that a cursor stands for; None for the first page. Raises Invalid."""
    if not cursor:
        return None
    try:
        kind, _, text = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        moment, _, name = text.partition("|")
        place = Place(datetime.fromisoformat(moment), uuid.UUID(name))
        if kind != "event" or place.started_at.tzinfo is None:
            raise ValueError(kind)
    except (ValueError, binascii.Error) as error:
        raise Invalid(
            "cursor: not one of ours. Use next_cursor of the page before, or leave it out for the first page.",
            fields={"cursor": "Not one of ours."},
        ) from error
    return place
