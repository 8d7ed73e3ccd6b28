"""What the law of a park asks before a lock, in words for whoever is about to order or approve one."""

from __future__ import annotations

from collections.abc import Iterable

from core.access.queries import LawRecord
from core.access.rules import BREAK_GLASS, Warning
from core.access.schemas import REASONS, Plan, Reason


def say_warnings(warnings: Iterable[Warning]) -> str:
    """Warnings, the earliest first: “3 days before over 2 channels, then 24 h before over one channel”."""
    said = [f"{_hours(one.hours_before)} before over {_ways(one.channels)}" for one in warnings]
    return ", then ".join(said) or "None"


def list_consequences(law: LawRecord) -> dict[Reason, str]:
    """For each reason what follows an order: who must approve it, of what the driver is warned, and how early."""
    return {reason: f"{_approval(reason)} {_notice(law, reason)}" for reason in REASONS}


def _approval(reason: Reason) -> str:
    unless = ", unless you break the glass" if reason in BREAK_GLASS else ""
    return f"A second person approves it first{unless}."


def _notice(law: LawRecord, reason: Reason) -> str:
    if reason is Reason.DEBT:
        return _notice_of_debt(law)
    warnings = law.rules.warnings_for(reason, Plan.OTHER)
    if not warnings:
        return "The driver is not warned before it."
    return f"The driver is then warned: {say_warnings(warnings)}."


def _notice_of_debt(law: LawRecord) -> str:
    debt = law.rules.debt
    weekly, other = (say_warnings(law.rules.warnings_for(Reason.DEBT, plan)) for plan in (Plan.WEEKLY, Plan.OTHER))
    plans = weekly if weekly == other else f"on a weekly plan {weekly}; on another plan {other}"
    days = f"{debt.default_days_weekly} full days overdue on a weekly plan, {debt.default_days_other} on another"
    consent = " The driver's written consent must be on record." if debt.written_consent else ""
    return f"The debt must be {days}. The driver is then warned: {plans}.{consent}"


def _hours(hours: int) -> str:
    return f"{hours // 24} days" if hours > 24 and hours % 24 == 0 else f"{hours} h"


def _ways(channels: int) -> str:
    return "one channel" if channels == 1 else f"{channels} channels"
