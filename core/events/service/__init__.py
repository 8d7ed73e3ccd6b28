"""Every write of events. A file is a noun; what the edges call stands here."""

from core.events.service.detections import Detected, save_detections

__all__ = ["Detected", "save_detections"]
