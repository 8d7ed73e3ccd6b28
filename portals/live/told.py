"""Facts that boards show in words, and the last of them for a board that comes back.

To let boards tell one more kind of fact, give it a teller in `TELLERS`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.access import queries as access
from core.db import AWAY, Reader
from core.outbox import Fact, Offset
from portals.fleet_rows import BOARD, FleetRows

log = logging.getLogger(__name__)

# How many are kept: a board that missed more is told the last of them. It shows fifty.
TOLD_MOST = 1_000

# What a fact says of one of its vehicles, given that vehicle's name; None when there is nothing to say.
Teller = Callable[[Reader, Fact, str], str | None]


def _tell_order(reader: Reader, fact: Fact, vehicle: str) -> str | None:
    job = access.find_job(reader, viewer=BOARD, job_id=fact.ids["job_id"])
    if job is None:
        return vehicle
    what = "Immobilization" if job.kind == "immobilize" else "Release"
    if fact.name == "access.job_ordered":
        return f"{vehicle}: {what.lower()} ordered by {job.ordered_by}"
    return f"{vehicle}: {what.lower()} {job.state}. {job.verdict or ''}".strip()


TELLERS: Mapping[str, Teller] = {"access.job_ordered": _tell_order, "access.job_finished": _tell_order}


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
        for vehicle_id in vehicles_of(fact)
        if vehicle_id in rows.park_ids and (text := _words(reader, fact, rows.name(vehicle_id)))
    ]


def _item(fact: Fact, vehicle_id: int, text: str) -> dict[str, Any]:
    return {
        "id": str(fact.offset),
        "name": fact.name,
        "vehicle_id": vehicle_id,
        "at": round(fact.at.timestamp() * 1000),
        "text": text,
    }


def _words(reader: Reader, fact: Fact, vehicle: str) -> str | None:
    """One fact that cannot be put into words must not hold up all that come after it."""
    try:
        return TELLERS[fact.name](reader, fact, vehicle)
    except AWAY:
        raise
    except Exception:
        log.exception("%s at %s cannot be told", fact.name, fact.offset)
        return None


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
