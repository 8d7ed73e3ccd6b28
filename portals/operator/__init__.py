"""The operator portal: the people who run the fleet, day and night."""

from __future__ import annotations

from flask import Blueprint, request

from portals import policy
from portals.doors import actor
from portals.inbox import frame as inbox_frame
from portals.orders.frame import frame_of

NAV = [
    ("operator.board", "Board", "map-2"),
    ("operator.list_vehicles", "Vehicles", "car"),
    ("operator.list_drivers", "Drivers", "users"),
    ("operator.show_timetable", "Timetable", "calendar"),
    ("operator.list_inbox", "Inbox", "inbox"),
    ("operator.list_approvals", "Approvals", "shield-check"),
    ("operator.list_locks", "Locks", "lock"),
    ("operator.list_records", "Records", "file-text"),
    ("operator.list_ratings", "Ratings", "id-badge-2"),
    ("operator.list_events", "Events", "activity"),
    ("operator.list_geofences", "Geofences", "focus-centered"),
]

SECTIONS = {
    "vehicles": "operator.list_vehicles",
    "drivers": "operator.list_drivers",
    "handovers": "operator.show_timetable",
    "timetable": "operator.show_timetable",
    "inbox": "operator.list_inbox",
    "approvals": "operator.list_approvals",
    "locks": "operator.list_locks",
    "ratings": "operator.list_ratings",
    "appeals": "operator.list_ratings",
    "events": "operator.list_events",
    "records": "operator.list_records",
    "geofences": "operator.list_geofences",
}

bp = Blueprint("operator", __name__, url_prefix="/operator")


@bp.context_processor
def frame() -> dict[str, object]:
    """What the layout of this portal needs. A page below an entry of the navigation marks that entry."""
    section = request.path.removeprefix("/operator/").partition("/")[0]
    return {
        "nav": policy.offered(NAV, actor()),
        "nav_current": SECTIONS.get(section),
        **frame_of("operator.list_approvals"),
        **inbox_frame.frame_of("operator.list_inbox"),
    }


from portals.operator import (  # noqa: E402, F401 - they add the routes
    access,
    admissions,
    approvals,
    board,
    driver_access,
    driver_card,
    driver_codes,
    driver_documents,
    drivers,
    events,
    geofences,
    handovers,
    imports,
    inbox,
    locks,
    ratings,
    records,
    records_acts,
    records_form,
    records_incident,
    registration,
    timetable,
    timetable_forms,
    timetable_weekly,
    track,
    vehicles,
    vehicles_bulk,
    vehicles_data,
    vehicles_export,
    vehicles_fields,
    vehicles_fleet,
    vehicles_papers,
    vehicles_timeline,
    vehicles_tracker,
    vehicles_views,
    verification,
)
