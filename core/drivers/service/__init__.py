"""Every write about drivers. A file is a noun; what the edges call stands here."""

from core.drivers.service.assignments import assign_vehicle, end_assignment
from core.drivers.service.people import register_driver, set_access

__all__ = ["assign_vehicle", "end_assignment", "register_driver", "set_access"]
