"""The range of time that is asked for: between two moments, or a day of the park."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.telemetry import queries
from portals.api_v1 import pages
from portals.doors import actor, read
from portals.ranges import LONGEST, Moment, Range, make_range


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Either `from` and `to`, or `date`."""

    since: Annotated[Moment | None, Meta(description="In the range. Needed without `date`.")] = msgspec.field(
        name="from", default=None
    )
    until: Annotated[Moment | None, Meta(description="No longer in the range. Needed without `date`.")] = msgspec.field(
        name="to", default=None
    )
    date: Annotated[
        date | None, Meta(description="A day of the vehicle's park, midnight to midnight, instead of `from` and `to`.")
    ] = None


class PagedSpan(Span, frozen=True, kw_only=True):
    """A range, and which page of it."""

    cursor: pages.Cursor = ""


def range_of(span: Span, vehicle_id: int, *, longest: timedelta = LONGEST) -> Range:
    """The range that a span means for a vehicle. Raises Invalid, and NotFound for a day of nobody's park."""
    if span.date is None:
        return make_range(span.since, span.until, longest=longest)
    if span.since is not None or span.until is not None:
        raise Invalid(
            "date: a day and a range at once. Leave out date, or from and to.", fields={"date": "Not with from or to."}
        )
    subject = queries.get_subject(read(), viewer=actor(), vehicle_id=vehicle_id)
    return Range(*queries.day_bounds(span.date, subject.time_zone))
