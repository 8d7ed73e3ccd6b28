"""Tables of drivers and their assignments to vehicles."""

from core.drivers.models.assignments import (
    Assignment,
    AssignmentAct,
    AssignmentChange,
    AssignmentKind,
    ChangeReason,
    DayOutcome,
    ShiftDay,
    ShiftPattern,
)
from core.drivers.models.people import AccessStatus, Driver

__all__ = [
    "AccessStatus",
    "Assignment",
    "AssignmentAct",
    "AssignmentChange",
    "AssignmentKind",
    "ChangeReason",
    "DayOutcome",
    "Driver",
    "ShiftDay",
    "ShiftPattern",
]
