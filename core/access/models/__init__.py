"""Tables of orders to vehicles, of what holds them back, and of whether drivers may drive."""

from core.access.models.brakes import Brake, BrakeKind
from core.access.models.debts import Debt, Plan
from core.access.models.device_commands import DeviceCommand, Problem
from core.access.models.emergencies import EmergencyCode
from core.access.models.jobs import (
    LIVE_STATES,
    OPEN,
    OPEN_STATES,
    Finding,
    ImmobilizationAttempt,
    ImmobilizationJob,
    JobState,
    OrderKind,
    Outcome,
    Reason,
)
from core.access.models.jurisdictions import Jurisdiction, ParkJurisdiction
from core.access.models.notices import Channel, Notice
from core.access.models.standings import DriverFact, DriverStanding, FactKind, StandingChange

__all__ = [
    "LIVE_STATES",
    "OPEN",
    "OPEN_STATES",
    "Brake",
    "BrakeKind",
    "Channel",
    "Debt",
    "DeviceCommand",
    "DriverFact",
    "DriverStanding",
    "EmergencyCode",
    "FactKind",
    "Finding",
    "ImmobilizationAttempt",
    "ImmobilizationJob",
    "JobState",
    "Jurisdiction",
    "Notice",
    "OrderKind",
    "Outcome",
    "ParkJurisdiction",
    "Plan",
    "Problem",
    "Reason",
    "StandingChange",
]
