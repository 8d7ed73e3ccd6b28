"""What goes into the file of an incident."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.events.models import CostKind
from core.events.schemas.records import Currency, Reference
from core.vehicles.schemas import RecordId

Line = Annotated[str, Meta(max_length=120)]


class NewCost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of what an incident costs."""

    kind: CostKind
    amount_minor: Annotated[int, Meta(ge=1, le=10**12)]
    currency: Currency
    reference: Reference | None = None


class NewShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the fault is a driver's, in percent."""

    driver_id: RecordId
    fault_pct: Annotated[int, Meta(ge=0, le=100)]


class NewShares(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers for an incident: all of it, anew."""

    shares: Annotated[list[NewShare], Meta(max_length=10)]


class NewParty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A third party."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    contact: Line = ""
    plate: Line = ""
    insurer: Line = ""
    policy: Line = ""
