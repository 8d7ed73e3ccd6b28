"""Reminders of what runs out: at 30, 14, 7 days and 1 day before its last day, and on it; ever louder, to ever more."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.inbox.rules.catalog import Severity

# Days before the last day. What was missed is not made up for: only the stage that holds today is told.
STAGES = (30, 14, 7, 1, 0)
FIRST_STAGE = STAGES[0]

SEVERITIES: Mapping[int, Severity] = {
    30: Severity.NOTE,
    14: Severity.NOTE,
    7: Severity.LOOK,
    1: Severity.ACT,
    0: Severity.ACT,
}


class Audience(enum.StrEnum):
    """Who gets a letter. The office is whoever the item is assigned to or, if nobody is, all who may handle it."""

    DRIVER = "driver"
    OFFICE = "office"
    ADMINS = "admins"


TOLD: Mapping[int, tuple[Audience, ...]] = {
    30: (),
    14: (Audience.DRIVER,),
    7: (Audience.DRIVER, Audience.OFFICE),
    1: (Audience.DRIVER, Audience.OFFICE),
    0: (Audience.DRIVER, Audience.OFFICE, Audience.ADMINS),
}

# An item that is open for so long without an answer is told to administrators. What is only to be known never is.
ANSWER_WITHIN: Mapping[Severity, timedelta] = {
    Severity.LOOK: timedelta(hours=24),
    Severity.ACT: timedelta(minutes=30),
}

MORNING, EVENING = time(7), time(21)


def stage_of(days_left: int) -> int | None:
    """The stage that holds so many days before the last day: the smallest one reached. None: it is too early."""
    return min((stage for stage in STAGES if days_left <= stage), default=None)


def next_writing(at: datetime, zone: str, *, is_urgent: bool) -> datetime:
    """When a letter is written: now by day and for what is urgent, else in the morning, by the clock of the park."""
    local = at.astimezone(ZoneInfo(zone))
    if is_urgent or MORNING <= local.time() < EVENING:
        return at
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(at.tzinfo)
