"""When an event may be disputed, by when it is to be decided, by whom, and what a decision does to the charge."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from core.events.models import DisputeEffect, DisputeState

# Since the driver could know of it; and since it was disputed.
MAY_DISPUTE_FOR = timedelta(days=30)
DECIDED_WITHIN = timedelta(days=14)
MOST_FILES = 6

STATE_OF = {
    DisputeEffect.CHARGE_STANDS: DisputeState.REJECTED,
    DisputeEffect.CHARGE_REDUCED: DisputeState.PARTLY_ACCEPTED,
    DisputeEffect.CHARGE_DROPPED: DisputeState.ACCEPTED,
}


def find_obstacle(
    *, at: datetime, known_since: datetime, is_withdrawn: bool, is_open: bool, is_office: bool
) -> str | None:
    """Why an event cannot be disputed now, in words; None when it can. The office is bound by no deadline."""
    if is_withdrawn:
        return "This event was withdrawn; there is nothing to dispute."
    if is_open:
        return "This event is disputed already, and the dispute is not decided yet."
    if not is_office and at > known_since + MAY_DISPUTE_FOR:
        return f"An event can be disputed for {MAY_DISPUTE_FOR.days} days. Call your park about this one."
    return None


def may_decide(decider: tuple[str, int | None], *, involved: Collection[tuple[str, int | None]]) -> bool:
    """Whether somebody may decide: a person, and not who opened the dispute or recorded or corrected the event."""
    return decider[0] == "user" and decider not in involved


def charge_after(
    effect: DisputeEffect, *, amount_minor: int | None, charge_minor: int | None, reduced_to: int | None
) -> int | None:
    """What is charged after a decision. Raises ValueError, in words, for a reduction that is none."""
    if effect is DisputeEffect.CHARGE_STANDS:
        return charge_minor
    if effect is DisputeEffect.CHARGE_DROPPED:
        return None if amount_minor is None else 0
    if charge_minor is None:
        raise ValueError("Nothing is charged for this event, so nothing can be reduced.")
    if reduced_to is None or not 0 < reduced_to < charge_minor:
        raise ValueError("Enter what is still charged: more than nothing, less than before.")
    return reduced_to
