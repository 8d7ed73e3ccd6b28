"""The shapes of orders, shared by the API and the forms."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.access.models import JobState, OrderKind, Outcome, Reason
from core.vehicles.models import RelayGateway

__all__ = [
    "REASONS",
    "ImmobilizationOrder",
    "JobState",
    "OrderKind",
    "Outcome",
    "Reason",
    "ReleaseOrder",
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
    """An order to immobilize. `note` is for whoever asks later why it was given.

    `method` may be left out: the road to the vehicle's relay is known. One that is not it is refused.
    """

    reason: Reason
    method: RelayGateway | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


class ReleaseOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order to release; everything in it may be left out."""

    note: Annotated[str, Meta(max_length=500)] = ""
