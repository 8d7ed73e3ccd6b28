"""Pure decisions about vehicles. A file is a noun."""

from core.vehicles.rules.fields import find_field_problems, find_value_problem
from core.vehicles.rules.identity import compute_check_digit, is_device_uid, normal_vin, vin_problem, vin_warning
from core.vehicles.rules.onboarding import Progress, Step, StepName, list_onboarding_steps
from core.vehicles.rules.papers import NEEDED_KINDS, SOON, Validity, list_missing_kinds, name_validity
from core.vehicles.rules.statuses import (
    LONGEST_REASON,
    find_reason_problem,
    find_status_problem,
    list_next_statuses,
)
from core.vehicles.rules.vin_hints import VinHint, hint_from_vin

__all__ = [
    "LONGEST_REASON",
    "NEEDED_KINDS",
    "SOON",
    "Progress",
    "Step",
    "StepName",
    "Validity",
    "VinHint",
    "compute_check_digit",
    "find_field_problems",
    "find_reason_problem",
    "find_status_problem",
    "find_value_problem",
    "hint_from_vin",
    "is_device_uid",
    "list_missing_kinds",
    "list_next_statuses",
    "list_onboarding_steps",
    "name_validity",
    "normal_vin",
    "vin_problem",
    "vin_warning",
]
