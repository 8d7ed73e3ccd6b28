"""What the law of a jurisdiction asks before a vehicle may be locked. The law is data; this is its shape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from core.access.models import Plan, Reason

Days = Annotated[int, Meta(ge=0, le=365)]
Hours = Annotated[int, Meta(ge=0, le=24 * 90)]


class Warning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The driver is told, over so many different channels, at least so many hours before the lock."""

    hours_before: Hours
    channels: Annotated[int, Meta(ge=1, le=3)]


class DebtLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of a lock for debt. Days are full days since the debt became overdue, by the plan of payment."""

    default_days_weekly: Days
    default_days_other: Days
    warnings_weekly: tuple[Warning, ...]
    warnings_other: tuple[Warning, ...]
    emergency_start_hours: Hours
    emergency_starts: Annotated[int, Meta(ge=0, le=10)]
    written_consent: bool = False
    device_in_consent: bool = False
    records_years: Annotated[int, Meta(ge=0, le=30)] = 0


class JurisdictionRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of one jurisdiction. `notices` are the warnings before locks for other reasons than debt."""

    debt: DebtLaw
    notices: dict[Reason, tuple[Warning, ...]] = {}

    def warnings_for(self, reason: Reason, plan: Plan) -> tuple[Warning, ...]:
        """The warnings before a lock for `reason`, the earliest first."""
        if reason is not Reason.DEBT:
            found = self.notices.get(reason, ())
        else:
            found = self.debt.warnings_weekly if plan is Plan.WEEKLY else self.debt.warnings_other
        return tuple(sorted(found, key=lambda warning: -warning.hours_before))

    def default_days(self, plan: Plan) -> int:
        """How many full days a debt must be overdue."""
        return self.debt.default_days_weekly if plan is Plan.WEEKLY else self.debt.default_days_other


class NewLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of the rules of a jurisdiction, with where they stand written, and why there is a new one."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    source: Annotated[str, Meta(min_length=1, max_length=300)]
    rules: JurisdictionRules
    why: Annotated[str, Meta(max_length=500)]


# A thief is not warned, and the police do not wait.
UNWARNED = frozenset(
    {Reason.THEFT, Reason.POLICE, Reason.DEBT, Reason.RELEASED, Reason.EMERGENCY_START, Reason.PAYMENT}
)
MOST_WARNINGS = 4


def find_faults(rules: JurisdictionRules) -> dict[str, str]:
    """What is wrong with rules whose parts are right each for itself, by the name of the part."""
    faults: dict[str, str] = {}
    law = rules.debt
    lists = {"warnings_weekly": law.warnings_weekly, "warnings_other": law.warnings_other}
    for name, warnings in lists.items() | {(reason.value, found) for reason, found in rules.notices.items()}:
        if (fault := _find_fault(warnings)) is not None:
            faults[name] = fault
    for name in ("warnings_weekly", "warnings_other"):
        if not lists[name]:
            faults[name] = "A driver is always warned before a lock for debt. Write at least one warning."
    for reason in sorted(rules.notices.keys() & UNWARNED):
        faults[reason.value] = "There is no notice before this one."
    if law.device_in_consent and not law.written_consent:
        faults["device_in_consent"] = "The device is named in the written consent: ask for that too."
    if (law.emergency_start_hours == 0) != (law.emergency_starts == 0):
        faults["emergency_starts"] = "Hours and number of emergency starts belong together: both, or neither."
    return faults


def _find_fault(warnings: tuple[Warning, ...]) -> str | None:
    if len(warnings) > MOST_WARNINGS:
        return f"At most {MOST_WARNINGS} warnings."
    hours = [warning.hours_before for warning in warnings]
    return "Two warnings at the same hour are one." if len(set(hours)) < len(hours) else None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the rules would do, and when at the earliest."""

    at: datetime
    words: str


def foresee(rules: JurisdictionRules, *, plan: Plan, since: datetime) -> list[Foreseen]:
    """What would become of a debt that is overdue `since`, if everybody were as quick as can be and nobody paid."""
    ordered = since + timedelta(days=rules.default_days(plan))
    course = [Foreseen(since, "The debt is overdue."), Foreseen(ordered, "A lock may be ordered and approved.")]
    told, before = ordered, None
    for number, warning in enumerate(rules.warnings_for(Reason.DEBT, plan), start=1):
        if before is not None:
            told += timedelta(hours=before - warning.hours_before)
        before = warning.hours_before
        ways = "one channel" if warning.channels == 1 else f"{warning.channels} channels"
        course.append(Foreseen(told, f"Warning {number} is told over {ways}."))
    locked = told + timedelta(hours=before or 0)
    course.append(Foreseen(locked, "It is locked, when it stands."))
    law = rules.debt
    if law.emergency_starts:
        until = locked + timedelta(hours=law.emergency_start_hours)
        course.append(Foreseen(until, "An emergency start right after the lock would hold until then."))
    return course
