"""Pure decisions about orders: what is safe, what comes next, what proves it was done."""

from core.access.rules.steps import (
    POLICY_VERSION,
    Attempt,
    Finish,
    Job,
    LookUp,
    RelayReading,
    Send,
    Step,
    VehicleNow,
    Wait,
    find_obstacle,
    find_proof,
    next_step,
    whole_second_grace,
)

__all__ = [
    "POLICY_VERSION",
    "Attempt",
    "Finish",
    "Job",
    "LookUp",
    "RelayReading",
    "Send",
    "Step",
    "VehicleNow",
    "Wait",
    "find_obstacle",
    "find_proof",
    "next_step",
    "whole_second_grace",
]
