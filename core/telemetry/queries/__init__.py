"""Every read of telemetry, within the parks of the viewer. A file is a noun; what the edges call stands here."""

from core.telemetry.queries.mileage import find_mileage, list_mileage_readings
from core.telemetry.queries.periods import WIDTHS, day_bounds, list_fleet_day, list_periods
from core.telemetry.queries.points import POINT_COLUMNS, list_last_points, list_points_after
from core.telemetry.queries.refusals import (
    count_refusals,
    count_refusals_by,
    count_replayable,
    has_room_for_strangers,
    list_refusals,
)
from core.telemetry.queries.states import (
    list_heard_ids,
    list_ids_by_report,
    list_intake,
    list_own_states,
    list_states,
    list_states_by_id,
)
from core.telemetry.queries.storage import Storage, describe_storage
from core.telemetry.queries.subjects import Subject, get_subject
from core.telemetry.queries.tracks import TRACK_FIELDS, Track, read_track
from core.telemetry.queries.trips import list_latest_trips, list_stops, list_trips

__all__ = [
    "POINT_COLUMNS",
    "TRACK_FIELDS",
    "WIDTHS",
    "Storage",
    "Subject",
    "Track",
    "count_refusals",
    "count_refusals_by",
    "count_replayable",
    "day_bounds",
    "describe_storage",
    "find_mileage",
    "get_subject",
    "has_room_for_strangers",
    "list_fleet_day",
    "list_heard_ids",
    "list_ids_by_report",
    "list_intake",
    "list_last_points",
    "list_latest_trips",
    "list_mileage_readings",
    "list_own_states",
    "list_periods",
    "list_points_after",
    "list_refusals",
    "list_states",
    "list_states_by_id",
    "list_stops",
    "list_trips",
    "read_track",
]
