"""The sources: each says the whole of what wants a person now, of its kinds. They are the truth; facts only hurry them.

They are for the product itself and see everything: none is called for a viewer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.db import Reader
from core.inbox.queries.sources import (
    damages,
    detections,
    devices,
    documents,
    locks,
    queues,
    records,
    shifts,
    standings,
    trackers,
)
from core.inbox.rules.catalog import KINDS
from core.inbox.rules.claims import Said


@dataclass(frozen=True, slots=True)
class Source:
    """Where the claims of some kinds come from."""

    kinds: tuple[str, ...]
    read: Callable[[Reader, datetime], Said]

    @property
    def facts(self) -> frozenset[str]:
        """The facts after which it is asked at once."""
        return frozenset(fact for kind in self.kinds for fact in KINDS[kind].facts)


SOURCES: Mapping[str, Source] = {
    "damages": Source(("damage",), damages.read),
    "detections": Source(tuple(detections.KIND_OF.values()), detections.read),
    "devices": Source(("device_unknown",), devices.read),
    "applications": Source(("application",), queues.read_applications),
    "documents_waiting": Source(("documents_waiting",), queues.read_documents),
    "driver_documents": Source(("driver_document",), documents.read_of_drivers),
    "lock_reviews": Source(("lock_review",), locks.read_reviews),
    "disputes": Source(("dispute",), records.read_disputes),
    "events_unmatched": Source(("event_unmatched",), records.read_unmatched),
    "incidents": Source(("incident_reported",), records.read_incidents),
    "locks": Source(("lock_failed",), locks.read_failed),
    "shifts": Source(("shift_refused",), shifts.read),
    "standings": Source(("driver_barred", "driver_review"), standings.read),
    "trackers": Source(("tracker_silent",), trackers.read),
    "vehicle_documents": Source(("vehicle_document",), documents.read_of_vehicles),
}
FACTS = frozenset[str]().union(*(source.facts for source in SOURCES.values()))
