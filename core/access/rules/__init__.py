"""Pure decisions about orders: what is safe and fair, what comes next, what proves it was done."""

from core.access.rules.fairness import CIVIL, DebtNow, FairnessInputs, find_objection, find_settlement
from core.access.rules.law import DebtLaw, JurisdictionRules, Warning
from core.access.rules.notices import find_due, find_grace_end, find_told_at
from core.access.rules.policy import (
    BREAK_GLASS,
    POLICY_VERSION,
    BrakeOn,
    Decision,
    PolicyInputs,
    Traffic,
    Verdict,
    decide,
    find_limit,
)
from core.access.rules.safety import VehicleNow, find_obstacle, say_age
from core.access.rules.steps import (
    Attempt,
    Finish,
    Job,
    LookUp,
    RelayReading,
    Send,
    Step,
    Wait,
    find_proof,
    next_step,
    whole_second_grace,
)
from core.access.rules.words import TO_DRIVERS, say_warning, say_what_to_do

__all__ = [
    "BREAK_GLASS",
    "CIVIL",
    "POLICY_VERSION",
    "TO_DRIVERS",
    "Attempt",
    "BrakeOn",
    "DebtLaw",
    "DebtNow",
    "Decision",
    "FairnessInputs",
    "Finish",
    "Job",
    "JurisdictionRules",
    "LookUp",
    "PolicyInputs",
    "RelayReading",
    "Send",
    "Step",
    "Traffic",
    "VehicleNow",
    "Verdict",
    "Wait",
    "Warning",
    "decide",
    "find_due",
    "find_grace_end",
    "find_limit",
    "find_objection",
    "find_obstacle",
    "find_proof",
    "find_settlement",
    "find_told_at",
    "next_step",
    "say_age",
    "say_warning",
    "say_what_to_do",
    "whole_second_grace",
]
