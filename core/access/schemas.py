"""The shapes of orders and of facts about drivers, shared by the API and the forms."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.access.models import (
    LIVE_STATES,
    BrakeKind,
    FactKind,
    Finding,
    JobState,
    OrderKind,
    Outcome,
    Plan,
    Problem,
    Reason,
)
from core.drivers.models import AccessStatus
from core.vehicles.models import RelayGateway

__all__ = [
    "DOCUMENTS",
    "LIVE_STATES",
    "REASONS",
    "AccessStatus",
    "Approval",
    "BrakeKind",
    "DocumentFact",
    "DocumentState",
    "FactKind",
    "Finding",
    "HoldStatus",
    "ImmobilizationOrder",
    "IncidentFact",
    "JobState",
    "NewHold",
    "NotedFact",
    "OrderKind",
    "Outcome",
    "Plan",
    "Problem",
    "RatingFact",
    "Reason",
    "ReleaseOrder",
    "Review",
    "Severity",
    "ToldDebt",
    "Why",
    "name_document",
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

    `method` may be left out: the road to the vehicle's relay is known. One that is not it is refused.
    """

    reason: Reason
    method: RelayGateway | None = None
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


AsOf = Annotated[
    datetime,
    Meta(tz=True, description="When whoever tells it knew it. What is older than what is known changes nothing."),
]


class DocumentState(enum.StrEnum):
    """Whether a document is there and good."""

    HELD = "held"
    MISSING = "missing"
    REFUSED = "refused"


class Severity(enum.StrEnum):
    """How bad an incident was."""

    MINOR = "minor"
    SERIOUS = "serious"
    SEVERE = "severe"


class HoldStatus(enum.StrEnum):
    """What a person can put on by hand."""

    SUSPENDED = "suspended"
    LOCKED_OUT = "locked_out"


# What documents are called, by the keys that mean the same everywhere; others are called by their key.
DOCUMENTS: dict[str, str] = {
    "licence": "driving licence",
    "medical": "medical certificate",
    "registration": "vehicle registration",
    "insurance": "proof of insurance",
    "permit": "taxi permit",
    "identity": "identity document",
    "work_permit": "work permit",
    "background_check": "background check",
}


def name_document(key: str) -> str:
    """What the document of that key is called."""
    return DOCUMENTS.get(key, key.replace("_", " ").replace("-", " "))


class DocumentFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One document of a driver: whether it is there, and until when it holds."""

    as_of: AsOf
    state: DocumentState = DocumentState.HELD
    valid_until: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="The first moment at which it no longer holds; null for one that does not expire."),
    ] = None


class RatingFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What passengers think of a driver: a mean from 0 to 5, and over how many trips."""

    as_of: AsOf
    value: Annotated[float, Meta(ge=0, le=5)]
    trips: Annotated[int, Meta(ge=0, le=10_000_000)]


class IncidentFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a driver is held to answer for. It is open until it has a `resolved_at`."""

    as_of: AsOf
    severity: Severity
    at: Annotated[datetime, Meta(tz=True, description="When it happened.")]
    is_theft: bool = False
    resolved_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description="Null while it is under investigation.")
    ] = None


# What others tell about drivers. What they owe is told where debts are told; what a person puts on by hand, there.
NotedFact = DocumentFact | RatingFact | IncidentFact


class NewHold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person suspends a driver or locks them out. `why` is read by the driver. A suspension may have an end."""

    status: HoldStatus
    why: Annotated[str, Meta(min_length=3, max_length=300)]
    until: Annotated[datetime, Meta(tz=True)] | None = None


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
