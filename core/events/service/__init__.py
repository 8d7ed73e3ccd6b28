"""Every write of events. A file is a noun; what the edges call stands here."""

from core.events.service.detections import Detected, save_detections
from core.events.service.geofences import RECORDER, add_geofence, close_geofence, import_geofences, rename_geofence

__all__ = [
    "RECORDER",
    "Detected",
    "add_geofence",
    "close_geofence",
    "import_geofences",
    "rename_geofence",
    "save_detections",
]
