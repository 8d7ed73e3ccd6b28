"""What the law of a jurisdiction asks before a vehicle may be locked. The law is data; this is its shape."""

from __future__ import annotations

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
