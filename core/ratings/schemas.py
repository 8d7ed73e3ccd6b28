"""What a rating is made of, and what people say and appeal against."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

Words = Annotated[str, Meta(min_length=3, max_length=2000)]


class Component(enum.StrEnum):
    """What a rating looks at."""

    HARSH = "harsh"
    OVERSPEED = "overspeed"
    IDLING = "idling"
    INCIDENTS = "incidents"
    DOCUMENTS = "documents"
    FEEDBACK = "feedback"


class CountedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something detected about a vehicle while the driver had it. `value` is in the unit of its kind."""

    id: uuid.UUID
    vehicle_id: int
    kind: str
    started_at: datetime
    value: float | None


class CountedFact(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a document as their standing knows it: `state` is the severity, or what is wrong with it."""

    key: str
    state: str


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rating is computed from. The window is `since` <= day < `until`, in days of the park.

    `feedback_mean` (1 to 5) and `feedback_raters` are of published feedback alone: a rating tells of no single rater.
    """

    since: date
    until: date
    distance_m: float
    engine_moving_s: float
    detections: tuple[CountedEvent, ...]
    incidents: tuple[CountedFact, ...]
    documents: tuple[CountedFact, ...]
    feedback_mean: float | None = None
    feedback_raters: int = 0
    excluded: tuple[Component, ...] = ()


class NewFeedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a driver thinks of another of their park: 1 (poor) to 5 (very good), and words if they like."""

    driver_id: int
    score: Annotated[int, Meta(ge=1, le=5)]
    words: Annotated[str, Meta(max_length=500)] = ""


class AppealKind(enum.StrEnum):
    """What an appeal is against."""

    COMPONENT = "component"
    INCIDENT = "incident"
    DOCUMENT = "document"
    STANDING = "standing"


class NewAppeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a driver appeals against, and why they think it is wrong."""

    kind: AppealKind
    subject: str
    words: Words


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether an appeal is granted, and why. The driver reads the reason."""

    is_granted: bool
    reason: Words
