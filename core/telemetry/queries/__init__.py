"""Every read of telemetry, within the parks of the viewer. A file is a noun; what the edges call stands here."""

from core.telemetry.queries.mileage import find_mileage, list_mileage_readings
from core.telemetry.queries.points import list_last_points
from core.telemetry.queries.refusals import count_refusals, list_refusals
from core.telemetry.queries.states import list_intake, list_own_states, list_states

__all__ = [
    "count_refusals",
    "find_mileage",
    "list_intake",
    "list_last_points",
    "list_mileage_readings",
    "list_own_states",
    "list_refusals",
    "list_states",
]
