"""Every read about drivers, within the parks of the viewer. A file is a noun; what the edges call stands here."""

from core.drivers.queries.assignments import CurrentDriver, list_current_drivers, list_own_vehicle_ids
from core.drivers.queries.damages import DamageMark, list_damages
from core.drivers.queries.handovers import (
    HandoverLine,
    HandoverRecord,
    SignatureRecord,
    find_photo,
    get_handover,
    list_handovers,
)
from core.drivers.queries.holders import HolderChange, list_driven_ids, list_holder_changes
from core.drivers.queries.names import name_drivers, open_names
from core.drivers.queries.people import OwnDriver, find_own_driver, list_drivers
from core.drivers.queries.plans import (
    AssignmentRecord,
    ChangeRecord,
    ShiftDayRecord,
    ShiftPatternRecord,
    get_assignment,
    get_shift_pattern,
    list_assignment_changes,
    list_assignments,
    list_own_assignments,
    list_pattern_ids,
    list_shift_days,
    list_shift_patterns,
)

__all__ = [
    "AssignmentRecord",
    "ChangeRecord",
    "CurrentDriver",
    "DamageMark",
    "HandoverLine",
    "HandoverRecord",
    "HolderChange",
    "OwnDriver",
    "ShiftDayRecord",
    "ShiftPatternRecord",
    "SignatureRecord",
    "find_own_driver",
    "find_photo",
    "get_assignment",
    "get_handover",
    "get_shift_pattern",
    "list_assignment_changes",
    "list_assignments",
    "list_current_drivers",
    "list_damages",
    "list_driven_ids",
    "list_drivers",
    "list_handovers",
    "list_holder_changes",
    "list_own_assignments",
    "list_own_vehicle_ids",
    "list_pattern_ids",
    "list_shift_days",
    "list_shift_patterns",
    "name_drivers",
    "open_names",
]
