"""Facts that boards show in words, and the last of them for a board that comes back.

To let boards tell one more kind of fact, give it a teller in `TELLERS`.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.access import queries as access
from core.db import AWAY, Reader
from core.events import queries as events
from core.identity import queries as identity
from core.outbox import Fact, Offset
from portals.event_rows import in_words
from portals.fleet_rows import BOARD, FleetRows
from portals.people import with_names

log = logging.getLogger(__name__)

# How many are kept: a board that missed more is told the last of them. It shows fifty.
TOLD_MOST = 1_000

# What was over for so long when it was detected is history that came late: the list of events has it.
NEWS_FOR = timedelta(hours=1)
_TOLD_SEVERITIES = ("act", "warn")

# What a fact says of those of its vehicles that are on boards, given their names; of which it says nothing is left out.
Teller = Callable[[Reader, Fact, Mapping[int, str]], Mapping[int, str]]


def _tell_order(reader: Reader, fact: Fact, names: Mapping[int, str]) -> Mapping[int, str]:
    job = access.find_job(reader, viewer=BOARD, job_id=fact.ids["job_id"])
    if job is None:
        return names
    what = "immobilization" if job.kind == "immobilize" else "release"
    said = f"{what} ordered by {job.ordered_by}"
    if fact.name != "access.job_ordered":
        said = f"{what} {job.state}. {job.verdict or ''}".strip()
    said = with_names(said, identity.name_people(reader, viewer=BOARD))
    return {vehicle_id: f"{name}: {said}" for vehicle_id, name in names.items()}


def _tell_detections(reader: Reader, fact: Fact, names: Mapping[int, str]) -> Mapping[int, str]:
    """Told once, when it is detected, and not again when it goes on, ends or is taken back."""
    ids = [uuid.UUID(text) for text in fact.ids["detection_ids"]]
    records = events.list_named(reader, viewer=BOARD, vehicle_ids=names, detection_ids=ids)
    new = [
        record
        for record in records
        if record.detected_at == fact.at and (record.ended_at is None or fact.at - record.ended_at <= NEWS_FOR)
    ]
    said: dict[int, list[str]] = {}
    for row in in_words(reader, BOARD, new):
        if row.severity in _TOLD_SEVERITIES:
            said.setdefault(row.record.vehicle_id, []).append(f"{row.title}. {row.sentence}")
    return {vehicle_id: f"{names[vehicle_id]}: {' '.join(sentences)}" for vehicle_id, sentences in said.items()}


TELLERS: Mapping[str, Teller] = {
    "access.job_ordered": _tell_order,
    "access.job_finished": _tell_order,
    "events.detected": _tell_detections,
}


@dataclass(frozen=True, slots=True)
class Told:
    """One fact about one vehicle, in words."""

    offset: Offset
    park_id: int
    item: dict[str, Any]


def vehicles_of(fact: Fact) -> Iterable[int]:
    """The vehicles that a fact names; of a fact nobody here knows, too."""
    if "vehicle_ids" in fact.ids:
        return fact.ids["vehicle_ids"]  # type: ignore[no-any-return]
    return (fact.ids["vehicle_id"],) if "vehicle_id" in fact.ids else ()


def tell(reader: Reader, facts: Iterable[Fact], rows: FleetRows) -> list[Told]:
    """What these facts say, in their order, of vehicles that are on boards."""
    return [
        Told(fact.offset, rows.park_ids[vehicle_id], _item(fact, vehicle_id, text))
        for fact in facts
        if fact.name in TELLERS
        for vehicle_id, text in _words(reader, fact, _names(fact, rows)).items()
    ]


def _item(fact: Fact, vehicle_id: int, text: str) -> dict[str, Any]:
    return {
        "id": str(fact.offset),
        "name": fact.name,
        "vehicle_id": vehicle_id,
        "at": round(fact.at.timestamp() * 1000),
        "text": text,
    }


def _names(fact: Fact, rows: FleetRows) -> dict[int, str]:
    return {vehicle_id: rows.name(vehicle_id) for vehicle_id in vehicles_of(fact) if vehicle_id in rows.park_ids}


def _words(reader: Reader, fact: Fact, names: Mapping[int, str]) -> Mapping[int, str]:
    """One fact that cannot be put into words must not hold up all that come after it."""
    try:
        return TELLERS[fact.name](reader, fact, names) if names else {}
    except AWAY:
        raise
    except Exception:
        log.exception("%s at %s cannot be told", fact.name, fact.offset)
        return {}


class News:
    """The last facts told, complete from the place `since` on."""

    def __init__(self, since: Offset) -> None:
        self.since = since
        self._told: deque[Told] = deque(maxlen=TOLD_MOST)

    def add(self, told: Sequence[Told]) -> None:
        """What came last."""
        self._told.extend(told)

    def reach_back(self, place: Offset, told: Sequence[Told]) -> None:
        """Put before it what was told after `place` and up to `since`, as far as there is room."""
        known = list(self._told)
        self._told.clear()
        self._told.extend([*(each for each in told if each.offset <= self.since), *known])
        self.since = place

    def after(self, place: Offset, park_ids: frozenset[int] | None) -> list[dict[str, Any]]:
        """What was told of vehicles of these parks after a place, oldest first."""
        return [
            each.item for each in self._told if each.offset > place and (park_ids is None or each.park_id in park_ids)
        ]
