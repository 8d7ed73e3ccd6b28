"""Tables of drivers, their documents, and their assignments to vehicles."""

from core.drivers.models.admissions import Admission, Application
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
from core.drivers.models.documents import Document, DocumentKind, DocumentPage, DocumentState, RefusalReason
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
from core.drivers.models.lives import Stage, StageChange, StageReason
from core.drivers.models.people import AccessStatus, Driver
from core.drivers.models.profiles import Profile, ProfileChange

__all__ = [
    "AccessStatus",
    "Admission",
    "Application",
    "Assignment",
    "AssignmentAct",
    "AssignmentChange",
    "AssignmentKind",
    "ChangeReason",
    "Damage",
    "DamageKind",
    "DamageSeverity",
    "DayOutcome",
    "Document",
    "DocumentKind",
    "DocumentPage",
    "DocumentState",
    "Driver",
    "Handover",
    "HandoverKind",
    "HandoverPhoto",
    "HandoverSignature",
    "Party",
    "PhotoView",
    "Profile",
    "ProfileChange",
    "RefusalReason",
    "ShiftDay",
    "ShiftPattern",
    "Stage",
    "StageChange",
    "StageReason",
]
