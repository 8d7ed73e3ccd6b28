"""The shapes of assignments and of shifts that come back."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.drivers.models import AssignmentKind, ChangeReason
from core.vehicles.schemas import RecordId

Moment = Annotated[datetime, Meta(tz=True)]
Weekday = Annotated[int, Meta(ge=1, le=7)]


class NewAssignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vehicle a driver gets, on what terms. `ends_at` is local time as a browser writes it: 2026-11-23T14:05."""

    vehicle_id: int
    kind: AssignmentKind
    ends_at: str = ""


class AssignmentTimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose which vehicle is to be, from when until when; no end: until further notice."""

    vehicle_id: RecordId
    driver_id: RecordId
    starts_at: Moment
    ends_at: Moment | None = None


class Booking(AssignmentTimes, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An assignment to be made: on what terms, too."""

    kind: AssignmentKind


class AssignmentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may change about an assignment: what is left out stays. `ends_at` null: until further notice."""

    vehicle_id: RecordId | UnsetType = UNSET
    driver_id: RecordId | UnsetType = UNSET
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | UnsetType | None = UNSET
    reason: ChangeReason = ChangeReason.PLAN_CHANGED


class Ending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an assignment ends before its time, or at it."""

    reason: ChangeReason = ChangeReason.HANDED_BACK


class Swap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two assignments that are to exchange their vehicles."""

    first_id: RecordId
    second_id: RecordId


class SkippedDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day on which a pattern has no shift."""

    day: date


class NewShiftPattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shift of each week by the clock of the park. Weekdays as in ISO 8601: Monday is 1.

    An end that is not after the start is on the next day. Without a last day it goes on until it is ended.
    """

    vehicle_id: RecordId
    driver_id: RecordId
    weekdays: Annotated[list[Weekday], Meta(min_length=1, max_length=7)]
    starts: Annotated[time, Meta(tz=False)]
    ends: Annotated[time, Meta(tz=False)]
    first_day: date
    last_day: date | None = None
