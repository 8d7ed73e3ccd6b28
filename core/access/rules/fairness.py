"""Whether a lock is (still) fair: whose debt it is, whether it is overdue, promised or disputed, what the law asks.

Pure. Asked at the order, at the approval, in every round while an order waits, and under the lock of its row before
each command: a payment counts up to the last moment. Source: ACC-6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.access.models import Plan, Reason
from core.access.rules.law import JurisdictionRules, Warning
from core.access.rules.notices import find_grace_end

# Reasons that a driver can make go away; after an emergency start they wait.
CIVIL = frozenset({Reason.DEBT, Reason.CONTRACT_ENDED, Reason.CONTRACT_VIOLATED})


@dataclass(frozen=True, slots=True)
class DebtNow:
    """What a driver owes, as last told. Times are None where there is nothing of the kind."""

    owed_minor: int
    currency: str
    plan: Plan
    overdue_since: datetime | None
    promised_until: datetime | None = None
    disputed_at: datetime | None = None
    consented_at: datetime | None = None
    consented_device: str | None = None


@dataclass(frozen=True, slots=True)
class FairnessInputs:
    """What fairness is judged by. `debtor_id` is the driver the order is about, `driver_now_id` who has the vehicle.

    `told` says when each warning, numbered from 1, counted as told. `free_until` is how long an emergency start holds.
    """

    reason: Reason
    debtor_id: int | None
    driver_now_id: int | None
    device_uid: str
    rules: JurisdictionRules
    debt: DebtNow | None = None
    told: Mapping[int, datetime] = field(default_factory=dict)
    free_until: datetime | None = None

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """What the driver must be warned of, the earliest first; nothing when nobody has the vehicle."""
        if self.debtor_id is None:
            return ()
        return self.rules.warnings_for(self.reason, self.debt.plan if self.debt else Plan.OTHER)

    @property
    def grace_end(self) -> datetime | None:
        """When the grace is over; None while a warning is not told, or when there is none to tell."""
        return find_grace_end(self.warnings, self.told)

    def as_inputs(self) -> dict[str, Any]:
        """The same, for the record of a decision."""
        plain: dict[str, Any] = msgspec.to_builtins(
            {name: getattr(self, name) for name in self.__slots__ if name not in {"told", "rules"}}
        )
        told = {str(number): moment.isoformat() for number, moment in self.told.items()}
        return plain | {"told": told, "warnings": msgspec.to_builtins(self.warnings)}


def find_objection(inputs: FairnessInputs, *, at: datetime) -> str | None:
    """Why this lock would be unfair, in words that say what to do; None: nothing speaks against it."""
    if inputs.reason in CIVIL and inputs.free_until is not None and at < inputs.free_until:
        until = inputs.free_until.isoformat(timespec="minutes")
        return f"The driver has started it in an emergency; it may not be locked before {until}."
    if inputs.reason is Reason.DEBT:
        return _find_objection_to_debt(inputs, at)
    is_anothers = inputs.debtor_id is not None and inputs.driver_now_id not in {None, inputs.debtor_id}
    if inputs.reason in CIVIL and is_anothers:
        return "Another driver has the vehicle now; it is never locked for what somebody else did."
    return None


def find_settlement(debt: DebtNow, *, at: datetime) -> str | None:
    """Why nobody may be locked for this debt now, or stay so, in words; None: it stands."""
    if debt.owed_minor <= 0 or debt.overdue_since is None:
        return "Nothing is overdue of the driver."
    if debt.disputed_at is not None:
        return "The driver disputes the debt. Settle the dispute first."
    if debt.promised_until is not None and at < debt.promised_until:
        until = debt.promised_until.isoformat(timespec="minutes")
        return f"The driver has promised to pay until {until}. Wait for that."
    return None


def _find_objection_to_debt(inputs: FairnessInputs, at: datetime) -> str | None:
    if inputs.debtor_id is None or inputs.driver_now_id is None:
        return "Nobody has the vehicle now, so nobody's debt can be a reason. Choose the reason that is true."
    if inputs.driver_now_id != inputs.debtor_id:
        return "Another driver has the vehicle now; it is never locked for somebody else's debt."
    debt = inputs.debt
    if debt is None or debt.overdue_since is None:
        return "Nothing is overdue of the driver who has the vehicle."
    if (settlement := find_settlement(debt, at=at)) is not None:
        return settlement
    days = inputs.rules.default_days(debt.plan)
    if at < debt.overdue_since + timedelta(days=days):
        first = (debt.overdue_since + timedelta(days=days)).isoformat(timespec="minutes")
        return f"The law asks for {days} full days in default; that is {first} at the earliest."
    return _find_missing_consent(inputs, debt)


def _find_missing_consent(inputs: FairnessInputs, debt: DebtNow) -> str | None:
    law = inputs.rules.debt
    if law.written_consent and debt.consented_at is None:
        return "The law asks for the driver's written consent to such a device, and none is recorded."
    if law.device_in_consent and debt.consented_device != inputs.device_uid:
        return f"The driver's written consent must name this device ({inputs.device_uid}), and does not."
    return None
