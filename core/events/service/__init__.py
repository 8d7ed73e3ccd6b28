"""Every write of events. A file is a noun; what the edges call stands here."""

from core.events.service.detections import Detected, save_detections
from core.events.service.geofences import RECORDER, add_geofence, change_geofence, close_geofence
from core.events.service.imports import import_geofences

__all__ = [
    "RECORDER",
    "Detected",
    "add_geofence",
    "change_geofence",
    "close_geofence",
    "import_geofences",
    "save_detections",
]
