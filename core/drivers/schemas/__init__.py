"""The shapes of drivers and assignments, shared by the API and the forms. A file is a noun."""

from core.drivers.models import AssignmentKind, ChangeReason, DamageKind, DamageSeverity, HandoverKind, Party, PhotoView
from core.drivers.schemas.assignments import (
    AssignmentChange,
    AssignmentTimes,
    Booking,
    Ending,
    NewAssignment,
    NewShiftPattern,
    SkippedDay,
    Swap,
)
from core.drivers.schemas.handovers import HandoverReadings, NewDamage, Signature
from core.drivers.schemas.people import NewDriver

__all__ = [
    "AssignmentChange",
    "AssignmentKind",
    "AssignmentTimes",
    "Booking",
    "ChangeReason",
    "DamageKind",
    "DamageSeverity",
    "Ending",
    "HandoverKind",
    "HandoverReadings",
    "NewAssignment",
    "NewDamage",
    "NewDriver",
    "NewShiftPattern",
    "Party",
    "PhotoView",
    "Signature",
    "SkippedDay",
    "Swap",
]
