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
from core.drivers.models.handovers import (
    Damage,
    DamageKind,
    DamageSeverity,
    Handover,
    HandoverKind,
    HandoverPhoto,
    HandoverSignature,
    Party,
    PhotoView,
)
from core.drivers.models.people import AccessStatus, Driver

__all__ = [
    "AccessStatus",
    "Assignment",
    "AssignmentAct",
    "AssignmentChange",
    "AssignmentKind",
    "ChangeReason",
    "Damage",
    "DamageKind",
    "DamageSeverity",
    "DayOutcome",
    "Driver",
    "Handover",
    "HandoverKind",
    "HandoverPhoto",
    "HandoverSignature",
    "Party",
    "PhotoView",
    "ShiftDay",
    "ShiftPattern",
]
