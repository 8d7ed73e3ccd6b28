"""Every write about drivers. A file is a noun; what the edges call stands here."""

from core.drivers.service.accounts import give_account
from core.drivers.service.admissions import apply, renew_application_link, set_admission
from core.drivers.service.assignment_changes import change_assignment, swap_assignments
from core.drivers.service.assignments import assign_vehicle, cancel_assignment, end_assignment, hand_back
from core.drivers.service.changes import change_driver, change_own_record
from core.drivers.service.documents import add_page, discard_draft, hand_in, hand_in_whole, remove_page
from core.drivers.service.erasure import erase_person
from core.drivers.service.handovers import (
    add_photo,
    begin_handover,
    mark_damage,
    mend_damage,
    note_readings,
    remove_damage,
)
from core.drivers.service.imports import import_drivers, judge_drivers
from core.drivers.service.lives import take_step
from core.drivers.service.looks import note_look
from core.drivers.service.people import register_driver, set_access
from core.drivers.service.shift_patterns import add_shift_pattern, end_shift_pattern, make_shifts, skip_shift_day
from core.drivers.service.signatures import reopen_handover, sign_handover
from core.drivers.service.verification import accept_document, refuse_document
from core.permissions import system

# Reads back what was just planned, for an actor who may plan but perhaps not read.
PLANNER = system("planner", "drivers:read")

__all__ = [
    "PLANNER",
    "accept_document",
    "add_page",
    "add_photo",
    "add_shift_pattern",
    "apply",
    "assign_vehicle",
    "begin_handover",
    "cancel_assignment",
    "change_assignment",
    "change_driver",
    "change_own_record",
    "discard_draft",
    "end_assignment",
    "end_shift_pattern",
    "erase_person",
    "give_account",
    "hand_back",
    "hand_in",
    "hand_in_whole",
    "import_drivers",
    "judge_drivers",
    "make_shifts",
    "mark_damage",
    "mend_damage",
    "note_look",
    "note_readings",
    "refuse_document",
    "register_driver",
    "remove_damage",
    "remove_page",
    "renew_application_link",
    "reopen_handover",
    "set_access",
    "set_admission",
    "sign_handover",
    "skip_shift_day",
    "swap_assignments",
    "take_step",
]
