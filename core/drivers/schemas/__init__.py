"""The shapes of drivers, their documents and assignments, shared by the API and the forms. A file is a noun."""

from core.drivers.models import (
    AccessStatus,
    AssignmentKind,
    ChangeReason,
    DocumentKind,
    DocumentState,
    RefusalReason,
    Stage,
    StageReason,
)
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
from core.drivers.schemas.documents import Acceptance, AdmissionRules, DocumentRefusal, HandIn, NewPage
from core.drivers.schemas.people import NewDriver
from core.drivers.schemas.profiles import DriverChanges, EmergencyContact, Licence, NewApplication, Personal, StageStep

__all__ = [
    "Acceptance",
    "AccessStatus",
    "AdmissionRules",
    "AssignmentChange",
    "AssignmentKind",
    "AssignmentTimes",
    "Booking",
    "ChangeReason",
    "DocumentKind",
    "DocumentRefusal",
    "DocumentState",
    "DriverChanges",
    "EmergencyContact",
    "Ending",
    "HandIn",
    "Licence",
    "NewApplication",
    "NewAssignment",
    "NewDriver",
    "NewPage",
    "NewShiftPattern",
    "Personal",
    "RefusalReason",
    "SkippedDay",
    "Stage",
    "StageReason",
    "StageStep",
    "Swap",
]
