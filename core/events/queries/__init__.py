"""Every read of events, within the parks of the viewer. A file is a noun; what the edges call stands here."""

from core.events.queries.detections import (
    DetectionRecord,
    Place,
    count_by_kind,
    list_detections,
    list_named,
)
from core.events.queries.geofences import (
    FenceSource,
    GeofenceRecord,
    as_geojson,
    get_geofence,
    list_geofences,
    list_names,
    load_fences,
    read_fences_version,
)
from core.events.queries.no_lock import VehiclePlace, list_no_lock_zones

__all__ = [
    "DetectionRecord",
    "FenceSource",
    "GeofenceRecord",
    "Place",
    "VehiclePlace",
    "as_geojson",
    "count_by_kind",
    "get_geofence",
    "list_detections",
    "list_geofences",
    "list_named",
    "list_names",
    "list_no_lock_zones",
    "load_fences",
    "read_fences_version",
]
