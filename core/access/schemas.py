"""The shapes of orders, shared by the API and the forms."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.access.models import LIVE_STATES, BrakeKind, Finding, JobState, OrderKind, Outcome, Reason
from core.vehicles.models import RelayGateway

__all__ = [
    "LIVE_STATES",
    "REASONS",
    "Approval",
    "BrakeKind",
    "Finding",
    "ImmobilizationOrder",
    "JobState",
    "OrderKind",
    "Outcome",
    "Reason",
    "ReleaseOrder",
    "Review",
    "Why",
]

# What each reason means, in words, for the forms.
REASONS: dict[Reason, str] = {
    Reason.SAFETY_LOCKDOWN: "Safety: the vehicle must not be driven",
    Reason.THEFT: "Theft",
    Reason.POLICE: "Asked for by the police",
    Reason.DEBT: "Debt of the driver who has the vehicle",
    Reason.CONTRACT_ENDED: "The contract has ended",
    Reason.CONTRACT_VIOLATED: "The contract was violated",
    Reason.MAINTENANCE: "Maintenance",
}


class ImmobilizationOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order to immobilize. `note` is for whoever asks later why it was given. `break_glass` (theft and police alone)
    lets it go without a second person's approval; it is reviewed afterwards.
    """

    reason: Reason
    method: RelayGateway = RelayGateway.VIALON_RELAY
    note: Annotated[str, Meta(max_length=500)] = ""
    break_glass: bool = False


class ReleaseOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order to release; everything in it may be left out."""

    note: Annotated[str, Meta(max_length=500)] = ""


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second person's yes."""

    note: Annotated[str, Meta(max_length=500)] = ""


class Why(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done, in a few words for whoever asks later."""

    why: Annotated[str, Meta(max_length=500)]


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the review of an order by break-glass found."""

    finding: Finding
    note: Annotated[str, Meta(max_length=500)]
