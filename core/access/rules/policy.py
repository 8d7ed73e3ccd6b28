"""The policy: whether the command of a lock may leave now. Pure, versioned; its inputs are kept with each decision.

Version 2. No lock while the vehicle moves or may be moving; no running engine is cut; none without its second person
or break-glass; none that is unfair; none where or when locking is held back; a stale lock never fires. A release is
never asked about. Sources: ACC-1 to ACC-7.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.access.models import BrakeKind, Reason
from core.access.rules.fairness import FairnessInputs, find_objection
from core.access.rules.safety import VehicleNow, find_obstacle
from core.config import AccessLimits, AccessTiming
from core.vehicles.models import Powertrain

POLICY_VERSION = 2


class Verdict(enum.StrEnum):
    """May its command leave: now, when what is waited for has come, or never."""

    NOW = "now"
    WAIT = "wait"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class BrakeOn:
    """A brake that is on: a person's hold, or the breaker."""

    kind: BrakeKind
    why: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many locks have left: in the last minute, and for how many vehicles in the last hour, of how many."""

    last_minute: int
    last_hour: int
    fleet: int


@dataclass(frozen=True, slots=True)
class PolicyInputs:
    """Everything that the policy looks at. `traffic` is None for an order that has been counted already."""

    reason: Reason
    is_break_glass: bool
    is_approved: bool
    expires_at: datetime
    vehicle: VehicleNow
    powertrain: Powertrain | None
    fairness: FairnessInputs
    passenger_on_board: bool | None = None
    no_lock_zone: str | None = None
    brakes: tuple[BrakeOn, ...] = ()
    traffic: Traffic | None = None

    def as_inputs(self) -> dict[str, Any]:
        """The same, for the record of a decision."""
        return {
            "reason": self.reason.value,
            "is_break_glass": self.is_break_glass,
            "is_approved": self.is_approved,
            "expires_at": self.expires_at.isoformat(),
            "vehicle": self.vehicle.as_inputs(),
            "powertrain": self.powertrain and self.powertrain.value,
            "fairness": self.fairness.as_inputs(),
            "passenger_on_board": self.passenger_on_board,
            "no_lock_zone": self.no_lock_zone,
            "brakes": [brake.kind.value for brake in self.brakes],
            "traffic": self.traffic and [self.traffic.last_minute, self.traffic.last_hour, self.traffic.fleet],
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says, and for which reason (`code`), in words that follow “waiting for” when it waits."""

    verdict: Verdict
    code: str
    words: str

    def as_record(self, inputs: PolicyInputs, *, at: datetime) -> dict[str, Any]:
        """The decision with its inputs, as it is kept."""
        return {
            "version": POLICY_VERSION,
            "at": at.isoformat(),
            "verdict": self.verdict.value,
            "code": self.code,
            "words": self.words,
            "inputs": inputs.as_inputs(),
        }


def decide(inputs: PolicyInputs, *, at: datetime, timing: AccessTiming, limits: AccessLimits) -> Decision:
    """Whether a lock may leave now. The first that speaks against it is what people read."""
    if (objection := find_objection(inputs.fairness, at=at)) is not None:
        return Decision(Verdict.REFUSE, "unfair", objection)
    if not (inputs.is_approved or (inputs.is_break_glass and inputs.reason in BREAK_GLASS)):
        return Decision(Verdict.WAIT, "approval", "a second person to approve it")
    if (brake := next(iter(inputs.brakes), None)) is not None:
        return Decision(Verdict.WAIT, brake.kind.value, _BRAKES[brake.kind].format(why=brake.why))
    if (grace := _find_grace(inputs.fairness, at)) is not None:
        return Decision(Verdict.WAIT, "grace", grace)
    if inputs.passenger_on_board:
        return Decision(Verdict.WAIT, "passenger", "the passenger to get out")
    if inputs.no_lock_zone is not None:
        return Decision(Verdict.WAIT, "zone", f"it to leave a place where nothing is locked: {inputs.no_lock_zone}")
    obstacle = find_obstacle(inputs.vehicle, powertrain=inputs.powertrain, at=at, timing=timing)
    if obstacle is not None:
        return Decision(Verdict.WAIT, "unsafe", obstacle)
    if (limit := find_limit(inputs.traffic, limits)) is not None:
        return Decision(Verdict.WAIT, "limit", limit)
    if at >= inputs.expires_at:
        return Decision(Verdict.REFUSE, "expired", "its time, which is over")
    return Decision(Verdict.NOW, "safe", "It stands, and nothing speaks against it.")


# Reasons for which nobody can wait for a second person; such a lock is reviewed afterwards.
BREAK_GLASS = frozenset({Reason.THEFT, Reason.POLICE})
_BRAKES = {
    BrakeKind.HOLD: "an administrator to lift the hold on all locks ({why})",
    BrakeKind.BREAKER: "an administrator to reset the breaker ({why})",
}


def find_limit(traffic: Traffic | None, limits: AccessLimits) -> str | None:
    """Which limit the next lock would break, in words; None: none."""
    if traffic is None:
        return None
    if traffic.last_minute >= limits.locks_per_min:
        return f"its turn: {limits.locks_per_min} locks have left within a minute, which is the limit"
    per_hour = limits.per_hour(traffic.fleet)
    if traffic.last_hour >= per_hour:
        return f"its turn: {per_hour} vehicles were locked within the hour, which is the limit of this fleet"
    return None


def _find_grace(fairness: FairnessInputs, at: datetime) -> str | None:
    if not fairness.warnings:
        return None
    end = fairness.grace_end
    if end is None:
        return "the driver to be warned"
    return f"the grace to end at {end.isoformat(timespec='minutes')}" if at < end else None
