"""What drivers are told before a lock, and what they can do about it: in plain words."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.access.models import Reason
from core.access.rules.emergency import OFFICE_ONLY
from core.access.rules.fairness import FairnessInputs

# Why a vehicle is going to be locked, or is, as its driver reads it.
TO_DRIVERS: dict[Reason, str] = {
    Reason.SAFETY_LOCKDOWN: "The vehicle must not be driven: it is not safe.",
    Reason.THEFT: "The vehicle was reported stolen.",
    Reason.POLICE: "The police have asked for it.",
    Reason.DEBT: "What you owe for the vehicle is overdue.",
    Reason.CONTRACT_ENDED: "Your contract for the vehicle has ended.",
    Reason.CONTRACT_VIOLATED: "The contract for the vehicle was violated.",
    Reason.MAINTENANCE: "The vehicle needs maintenance before it is driven again.",
}
_TO_DO: dict[Reason, str] = {
    Reason.DEBT: "Pay it, agree with the office on a day, or dispute it: any of these stops it at once.",
    Reason.CONTRACT_ENDED: "Bring the vehicle back, or call the office to go on with the contract.",
    Reason.CONTRACT_VIOLATED: "Call the office, and say what is to be put right.",
    Reason.MAINTENANCE: "Bring the vehicle to the workshop, or call the office.",
}
CALL = "Call the office."


def say_what_to_do(reason: Reason) -> str:
    """What the driver can do about a lock for that reason."""
    return _TO_DO.get(reason, CALL)


def say_warning(inputs: FairnessInputs, *, number: int, at: datetime) -> str:
    """The words of warning `number`, told from `at` on."""
    warnings = inputs.warnings
    earliest = at + timedelta(hours=warnings[number - 1].hours_before)
    last = " This is the last warning." if number == len(warnings) > 1 else ""
    law = inputs.rules.debt
    emergency = ""
    if law.emergency_start_hours and law.emergency_starts and inputs.reason not in OFFICE_ONLY:
        emergency = f" In an emergency you can start it, with a code, for {law.emergency_start_hours} hours."
    return (
        f"{TO_DRIVERS[inputs.reason]} The vehicle is going to be immobilized, not before "
        f"{earliest:%-d %B %Y, %H:%M} UTC, and never while it is driven.{last} "
        f"{say_what_to_do(inputs.reason)}{emergency}"
    )
