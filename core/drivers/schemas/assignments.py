"""The shapes of assignments and of shifts that come back."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

import msgspec
from msgspec import Meta

from core.drivers.models import AssignmentKind

Weekday = Annotated[int, Meta(ge=1, le=7)]


class NewAssignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vehicle a driver gets, on what terms. `ends_at` is local time as a browser writes it: 2026-11-23T14:05."""

    vehicle_id: int
    kind: AssignmentKind
    ends_at: str = ""


class AssignmentTimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose which vehicle is to be, from when until when; no end: until further notice."""

    vehicle_id: int
    driver_id: int
    starts_at: Annotated[datetime, Meta(tz=True)]
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None


class Booking(AssignmentTimes, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An assignment to be made: on what terms, too."""

    kind: AssignmentKind


class NewShiftPattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shift of each week by the clock of the park. Weekdays as in ISO 8601: Monday is 1.

    An end that is not after the start is on the next day. Without a last day it goes on until it is ended.
    """

    vehicle_id: int
    driver_id: int
    weekdays: Annotated[list[Weekday], Meta(min_length=1, max_length=7)]
    starts: Annotated[time, Meta(tz=False)]
    ends: Annotated[time, Meta(tz=False)]
    first_day: date
    last_day: date | None = None
