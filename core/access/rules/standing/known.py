"""What is known of a driver when their standing is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from core.access.schemas import DocumentFact, HoldStatus, IncidentFact, RatingFact


@dataclass(frozen=True, slots=True)
class Debt:
    """What a driver owes, as access_debts has it."""

    owed_minor: int
    currency: str
    overdue_since: datetime | None
    promised_until: datetime | None = None
    disputed_at: datetime | None = None


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A person suspended the driver or locked them out; a suspension may end by itself."""

    as_of: datetime
    status: HoldStatus
    why: str
    until: datetime | None = None


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """A person reviewed how the driver stands, and lifted what was put on by hand or waited for that review."""

    as_of: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a driver is judged by, each by its key."""

    documents: Mapping[str, DocumentFact] = field(default_factory=dict)
    ratings: Mapping[str, RatingFact] = field(default_factory=dict)
    incidents: Mapping[str, IncidentFact] = field(default_factory=dict)
    debt: Debt | None = None
    hold: Hold | None = None
    lift: Lift | None = None
