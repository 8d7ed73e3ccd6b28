"""What sources say, and what the inbox knows already."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.inbox.rules.catalog import Severity


class ItemState(enum.StrEnum):
    """Where an item stands. A snoozed one wants nobody until its time."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class ClosedWhy(enum.StrEnum):
    """Why an item was closed: words of a list, so that nobody writes about a person. `gone`: by itself."""

    GONE = "gone"
    DONE = "done"
    NO_PROBLEM = "no_problem"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that wants a person now, as its source says. `key` is the same for the same thing, for ever.

    `happened_at` is when it happened (last); `due_on` its last day, and `days_left` how far off that is by the park's
    calendar. `severity` is that of the kind unless it is said. `detail` holds ids and figures alone.
    """

    kind: str
    key: str
    park_id: int | None = None
    vehicle_id: int | None = None
    driver_id: int | None = None
    happened_at: datetime | None = None
    due_on: date | None = None
    days_left: int | None = None
    severity: Severity | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """All that a source says: every claim about what happened at `since` or later, or about everything."""

    claims: tuple[Claim, ...]
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An item as it is kept."""

    state: ItemState
    severity: Severity
    stage: int | None = None
    happened_at: datetime | None = None
    due_on: date | None = None
    park_id: int | None = None
    vehicle_id: int | None = None
    driver_id: int | None = None
    closed_at: datetime | None = None
    closed_why: ClosedWhy | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
