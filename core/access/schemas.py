"""The shapes of orders, shared by the API and the forms."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.access.models import LIVE_STATES, BrakeKind, Finding, JobState, OrderKind, Outcome, Plan, Reason
from core.access.rules.law import JurisdictionRules
from core.vehicles.models import RelayGateway

__all__ = [
    "LIVE_STATES",
    "REASONS",
    "Approval",
    "BrakeKind",
    "Finding",
    "ImmobilizationOrder",
    "JobState",
    "JurisdictionRules",
    "NewLaw",
    "OrderKind",
    "Outcome",
    "Plan",
    "Reason",
    "ReleaseOrder",
    "Review",
    "ToldDebt",
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


Moment = Annotated[datetime, Meta(tz=True)]


class ToldDebt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a driver owes, as whoever keeps the money knew it at `as_of`: the whole of it, each time.

    What is older than what is known changes nothing, so it may come late, twice and in any order.
    """

    owed_minor: Annotated[int, Meta(ge=0, le=10**12, description="What is overdue, in minor units of the currency.")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
    plan: Annotated[Plan, Meta(description="How often the driver pays: the law counts days of default by it.")]
    overdue_since: Annotated[
        Moment | None, Meta(description="Since when the oldest of it is overdue. Null: nothing is owed.")
    ]
    promised_until: Annotated[Moment | None, Meta(description="The driver has promised to pay by then.")] = None
    disputed_at: Annotated[Moment | None, Meta(description="Null when there is no open dispute.")] = None
    consented_at: Annotated[
        Moment | None, Meta(description="When the driver consented, in writing, to a starter interrupt.")
    ] = None
    consented_device: Annotated[
        Annotated[str, Meta(max_length=100)] | None, Meta(description="The device that is named in that consent.")
    ] = None
    as_of: Annotated[Moment, Meta(description="When it was so.")]


class NewLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of the rules of a jurisdiction, with where they stand written, and why there is a new one."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    source: Annotated[str, Meta(min_length=1, max_length=300)]
    rules: JurisdictionRules
    why: Annotated[str, Meta(max_length=500)]
