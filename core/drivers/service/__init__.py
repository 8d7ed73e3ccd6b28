"""Every write about drivers. A file is a noun; what the edges call stands here."""

from core.drivers.service.assignment_changes import change_assignment, swap_assignments
from core.drivers.service.assignments import assign_vehicle, cancel_assignment, end_assignment, hand_back
from core.drivers.service.handovers import (
    add_photo,
    begin_handover,
    mark_damage,
    mend_damage,
    note_readings,
    remove_damage,
)
from core.drivers.service.people import register_driver, set_access
from core.drivers.service.shift_patterns import add_shift_pattern, end_shift_pattern, make_shifts, skip_shift_day
from core.drivers.service.signatures import reopen_handover, sign_handover
from core.permissions import system

# Reads back what was just planned, for an actor who may plan but perhaps not read.
PLANNER = system("planner", "drivers:read")

__all__ = [
    "PLANNER",
    "add_photo",
    "add_shift_pattern",
    "assign_vehicle",
    "begin_handover",
    "cancel_assignment",
    "change_assignment",
    "end_assignment",
    "end_shift_pattern",
    "hand_back",
    "make_shifts",
    "mark_damage",
    "mend_damage",
    "note_readings",
    "register_driver",
    "remove_damage",
    "reopen_handover",
    "set_access",
    "sign_handover",
    "skip_shift_day",
    "swap_assignments",
]
