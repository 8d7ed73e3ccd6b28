"""Which status may follow which (VEH-3), by whom, and for what reason."""

from __future__ import annotations

from collections.abc import Mapping

ONBOARDING, AVAILABLE, RENTED = "onboarding", "available", "rented"
IN_REPAIR, BLOCKED, WRITTEN_OFF = "in_repair", "blocked", "written_off"

# A vehicle begins once, and once it is written off it stays so. A rented one is somebody's: it is taken back first.
_NEXT: Mapping[str, tuple[str, ...]] = {
    ONBOARDING: (AVAILABLE, RENTED, IN_REPAIR, BLOCKED, WRITTEN_OFF),
    AVAILABLE: (RENTED, IN_REPAIR, BLOCKED, WRITTEN_OFF),
    RENTED: (AVAILABLE, IN_REPAIR, BLOCKED),
    IN_REPAIR: (AVAILABLE, RENTED, BLOCKED, WRITTEN_OFF),
    BLOCKED: (AVAILABLE, RENTED, IN_REPAIR, WRITTEN_OFF),
    WRITTEN_OFF: (),
}
_SHORTEST_REASON, LONGEST_REASON = 3, 500
_WORDS = {status: status.replace("_", " ") for status in _NEXT}


def list_next_statuses(status: str) -> tuple[str, ...]:
    """What a vehicle of this status may become."""
    return _NEXT[status]


def find_status_problem(before: str, after: str, *, is_program: bool = False) -> str | None:
    """Why a vehicle may not go from one status to another, and what to do, in words that follow its name; or None.

    `is_program`: it is asked for by an API client, which cannot end the life of a vehicle.
    """
    if before == WRITTEN_OFF:
        return "is written off; its status no longer changes."
    if after == ONBOARDING:
        return "was brought in once already. Block it while something is missing, and say what."
    if before == RENTED and after == WRITTEN_OFF:
        return "is rented. End that first: make it available, in repair or blocked. Then it can be written off."
    if after == WRITTEN_OFF and is_program:
        return "is written off by a person only, since nothing takes that back. Do it on the page of the vehicle."
    return None if after in _NEXT[before] else f"cannot become {_WORDS[after]} from {_WORDS[before]}."


def find_reason_problem(reason: str) -> str | None:
    """Why this is no reason for a change of status, or None."""
    if not _SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON:
        return f"Say why, in {_SHORTEST_REASON} to {LONGEST_REASON} characters."
    return None
