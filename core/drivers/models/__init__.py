"""Tables of drivers and their assignments to vehicles."""

from core.drivers.models.assignments import Assignment, AssignmentKind
from core.drivers.models.people import AccessStatus, Driver

__all__ = ["AccessStatus", "Assignment", "AssignmentKind", "Driver"]
