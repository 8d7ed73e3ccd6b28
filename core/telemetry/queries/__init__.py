"""Every read of telemetry, within the parks of the viewer. A file is a noun; what the edges call stands here."""

from core.telemetry.queries.mileage import find_mileage, list_mileage_readings
from core.telemetry.queries.points import list_last_points
from core.telemetry.queries.refusals import (
    count_refusals,
    count_refusals_by,
    count_replayable,
    has_room_for_strangers,
    list_refusals,
)
from core.telemetry.queries.states import list_intake, list_own_states, list_states
from core.telemetry.queries.storage import Storage, describe_storage

__all__ = [
    "Storage",
    "count_refusals",
    "count_refusals_by",
    "count_replayable",
    "describe_storage",
    "find_mileage",
    "has_room_for_strangers",
    "list_intake",
    "list_last_points",
    "list_mileage_readings",
    "list_own_states",
    "list_refusals",
    "list_states",
]
