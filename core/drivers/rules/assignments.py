"""What an assignment is at a moment, what may still be changed of it, and which terms go together."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from core.drivers.models import AssignmentKind
from core.vehicles.models import VehicleStatus

LONGEST_SHIFT = timedelta(hours=24)
LONG_RENTAL = timedelta(days=30)

# Why a vehicle of this status is given to nobody, and what makes it available again.
_NOT_AVAILABLE = {
    VehicleStatus.IN_REPAIR: "is in repair. Set its status to available when it is back, or choose another vehicle.",
    VehicleStatus.BLOCKED: "is blocked. Whoever may change its status can unblock it; or choose another vehicle.",
    VehicleStatus.WRITTEN_OFF: "is written off. Choose another vehicle.",
}


class AssignmentState(enum.StrEnum):
    """Where an assignment stands. All but `cancelled` follow from the clock alone."""

    PLANNED = "planned"
    BEGUN = "begun"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Change(enum.StrEnum):
    """What somebody wants to do to an assignment."""

    MOVE = "move"
    END = "end"
    CANCEL = "cancel"


def name_state(
    *, starts_at: datetime | None, ends_at: datetime | None, is_cancelled: bool, at: datetime
) -> AssignmentState:
    """Where an assignment stands at a moment. Its start is inside, its end is not."""
    if is_cancelled:
        return AssignmentState.CANCELLED
    if starts_at is not None and at < starts_at:
        return AssignmentState.PLANNED
    return AssignmentState.BEGUN if ends_at is None or at < ends_at else AssignmentState.ENDED


def find_change_problem(state: AssignmentState, wanted: Change) -> str | None:
    """Why this cannot be done to an assignment in that state, with what to do instead; None when it can."""
    if state is AssignmentState.ENDED:
        return "It has ended, and what was is never changed. Make a new assignment instead."
    if state is AssignmentState.CANCELLED:
        return "It was cancelled. Make a new assignment instead."
    if state is AssignmentState.BEGUN and wanted is Change.MOVE:
        return "It has begun: only its end can still be changed. End it and make a new one, or swap it."
    if state is AssignmentState.BEGUN and wanted is Change.CANCEL:
        return "It has begun and can no longer be cancelled. End it instead."
    if state is AssignmentState.PLANNED and wanted is Change.END:
        return "It has not begun. Cancel it, or move it."
    return None


def find_vehicle_problem(status: VehicleStatus) -> str | None:
    """Why a vehicle of this status is given to nobody, with the way back; a sentence that lacks its subject."""
    return _NOT_AVAILABLE.get(status)


def find_time_problem(kind: AssignmentKind, starts_at: datetime, ends_at: datetime | None) -> str | None:
    """What is wrong with these times for such an assignment, for the field of the end; None when nothing is."""
    if ends_at is None:
        return None
    if ends_at <= starts_at:
        return "It must end after it starts."
    if kind is AssignmentKind.SHIFT and ends_at - starts_at > LONGEST_SHIFT:
        return "A shift lasts at most 24 hours. Make it shorter, or choose a rental."
    return None


def name_terms(kind: AssignmentKind, starts_at: datetime, ends_at: datetime | None) -> str:
    """The terms in words. A rental of 30 days or more, or one without an end, is a long one."""
    if kind is AssignmentKind.RENTAL:
        is_long = ends_at is None or ends_at - starts_at >= LONG_RENTAL
        return "Long rental" if is_long else "Short rental"
    return "Shift" if kind is AssignmentKind.SHIFT else "Buy-out"
